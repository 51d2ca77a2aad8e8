//! The whole registry as text 0.0.4.

use crate::library::{Library, Scrape};
use crate::ours::Ours;
use crate::peers;
use crate::workload::{LINES, samples, sets};

use omtx_benches::{Plan, Run, Subject, Target, Threads};
use std::hint::black_box;
use std::sync::Mutex;

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new("Scrape, text 0.0.4", "ns per label set of 15 lines", plan)
        .floor_column("memcpy");
    for count in [100, 1_000, 10_000] {
        let sets = sets(count);
        if let Some(row) = subject.row(&format!("scrape of {count} label sets")) {
            let mut registry = Ours.registry(&sets);
            let text = registry.scrape().to_vec();
            let size = text.len() / count;
            row.ours(scrape(registry, count))
                .peers(peers::each(|peer| scrape(peer.registry(&sets), count)))
                .floor(copy(text))
                .units(count)
                .target(Target::AtMost(400.0))
                .target(Target::TimesBetterThanBest(3.0))
                .target(Target::TimesBetterThan("prometheus", 10.0))
                .target(Target::AtMostAllocations(0.0))
                .note(format!("{size} B per label set"))
                .measure(&mut subject);
        }
    }
    subject.print();
}

/// # Panics
///
/// If the exposition does not have every line.
fn scrape(mut registry: Box<dyn Scrape>, count: usize) -> Run {
    let text = String::from_utf8(registry.scrape().to_vec()).expect("expositions are UTF-8");
    assert_eq!(
        samples(&text),
        count * LINES,
        "{}",
        text.lines().take(40).collect::<Vec<_>>().join("\n")
    );
    let registry = Mutex::new(registry);
    Threads::One.run(move |_| {
        black_box(registry.lock().expect("no other thread").scrape());
    })
}

pub(crate) fn copy(text: Vec<u8>) -> Run {
    let out = Mutex::new(Vec::with_capacity(text.len()));
    Threads::One.run(move |_| {
        let mut out = out.lock().expect("no other thread");
        out.clear();
        out.extend_from_slice(black_box(&text));
        black_box(&*out);
    })
}
