//! A series that is held: no lookup, only the update.

use crate::library::Library;
use crate::ours::Ours;
use crate::peers;
use omtx_benches::{Plan, Run, Subject, Target, Threads};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new("Held series", "ns", plan).floor_column("atomic add");
    if let Some(row) = subject.row("counter, 1 thread") {
        row.ours(Ours.held_counter(Threads::One))
            .peers(peers::each(|peer| peer.held_counter(Threads::One)))
            .floor(atomic_add())
            .target(Target::TimesFloor(1.0))
            .target(Target::AtMostAllocations(0.0))
            .measure(&mut subject);
    }
    if let Some(row) = subject.row("one counter, 2 threads") {
        row.ours(Ours.held_counter(Threads::Two))
            .peers(peers::each(|peer| peer.held_counter(Threads::Two)))
            .target(Target::TimesBetterThanBest(2.0))
            .measure(&mut subject);
    }
    if let Some(row) = subject.row("histogram, 1 thread") {
        row.ours(Ours.held_histogram(Threads::One))
            .peers(peers::each(|peer| peer.held_histogram(Threads::One)))
            .floor(atomic_add())
            .target(Target::TimesFloor(3.0))
            .target(Target::AtMostAllocations(0.0))
            .measure(&mut subject);
    }
    if let Some(row) = subject.row("one histogram, 2 threads") {
        row.ours(Ours.held_histogram(Threads::Two))
            .peers(peers::each(|peer| peer.held_histogram(Threads::Two)))
            .target(Target::TimesBetterThanBest(3.0))
            .measure(&mut subject);
    }
    subject.print();
}

fn atomic_add() -> Run {
    let cell = Box::new(AtomicU64::new(0));
    Threads::One.run(move |_| {
        black_box(&*cell).fetch_add(1, Relaxed);
    })
}
