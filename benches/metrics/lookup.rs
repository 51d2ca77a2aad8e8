//! Labels in, increment out: what a call site does that holds nothing.

use crate::labels::{Method, Route, Status};
use crate::library::Library;
use crate::ours::Ours;
use crate::peers;
use crate::workload::{Choice, choice};
use omtx_benches::{Plan, Run, Subject, Target, Threads};
use omtx_metrics::LabelValue;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub(crate) fn run(plan: &Plan) {
    let mut subject =
        Subject::new("Label lookup and increment", "ns", plan).floor_column("array of atomics");
    for (threads, suffix, times) in [
        (Threads::One, "1 thread", 2.0),
        (Threads::Two, "2 threads", 3.0),
    ] {
        if let Some(row) = subject.row(&format!("closed labels, {suffix}")) {
            // Whoever indexes an array is as fast as an array; nobody can be several times faster.
            row.ours(Ours.closed_lookup(threads))
                .peers(peers::each(|peer| peer.closed_lookup(threads)))
                .floor(array(threads))
                .target(Target::TimesFloor(1.25))
                .target(Target::TimesBetterThanBest(1.0))
                .target(Target::AtMostAllocations(0.0))
                .measure(&mut subject);
        }
        if let Some(row) = subject.row(&format!("open route, {suffix}")) {
            row.ours(Ours.open_lookup(threads))
                .peers(peers::each(|peer| peer.open_lookup(threads)))
                .target(Target::TimesBetterThanBest(times))
                .target(Target::AtMostAllocations(0.0))
                .measure(&mut subject);
        }
    }
    subject.print();
}

/// A pair of cache lines per cell, so that neighbours do not share one.
#[repr(align(128))]
struct Cell(AtomicU64);

fn array(threads: Threads) -> Run {
    let combinations = Method::VALUES.len() * Route::VALUES.len() * Status::VALUES.len();
    let cells: Vec<Cell> = (0..combinations).map(|_| Cell(AtomicU64::new(0))).collect();
    threads.run(move |i| {
        let Choice {
            method,
            route,
            status,
        } = choice(i);
        let index = (method.index() * Route::VALUES.len() + route.index()) * Status::VALUES.len()
            + status.index();
        cells[index].0.fetch_add(1, Relaxed);
    })
}
