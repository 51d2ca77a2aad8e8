//! What a label set of one counter and one histogram keeps on the heap, once it has been scraped.

use crate::library::Library;
use crate::ours::Ours;
use crate::peers;
use crate::workload::{Set, sets};
use omtx_benches::{Plan, Subject, Target, alloc};

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new(
        "Memory",
        "B per label set of one counter and one histogram",
        plan,
    );
    for count in [100, 1_000, 10_000] {
        if let Some(row) = subject.row(&format!("memory of {count} label sets")) {
            let sets = sets(count);
            row.target(Target::TimesBetterThanBest(1.0)).exact(
                per_set(&Ours, &sets),
                peers::each(|peer| per_set(peer, &sets)),
                &mut subject,
            );
        }
    }
    subject.print();
}

fn per_set(library: &dyn Library, sets: &[Set]) -> f64 {
    // Once in vain: what is made once for the process belongs to no label set.
    drop(library.registry(sets));
    let scraped = || {
        let mut registry = library.registry(sets);
        registry.scrape();
        // The text is not what is asked for here.
        registry.drop_text();
        registry
    };
    alloc::live(scraped).1 as f64 / sets.len() as f64
}
