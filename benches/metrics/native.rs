//! Native histograms and exemplars, beside our own classic histogram: no peer in Rust has either.

use crate::workload::{BUCKETS, value};
use omtx_benches::{Plan, Run, Subject, Target, Threads};
use omtx_metrics::{Histogram, NativeBuckets, Registry};
use std::hint::black_box;

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new("Native histograms, held", "ns", plan).floor_column("classic");
    let native = NativeBuckets::new();
    for (form, buckets) in [
        ("native only", native.without_classic()),
        ("native and classic", native),
    ] {
        for (name, threads) in [("1 thread", Threads::One), ("2 threads", Threads::Two)] {
            if let Some(row) = subject.row(&format!("{form}, {name}")) {
                row.ours(observe(Some(buckets), threads))
                    .floor(observe(None, threads))
                    .target(Target::TimesFloor(2.0))
                    .target(Target::AtMostAllocations(0.0))
                    .measure(&mut subject);
            }
        }
    }
    subject.print();
}

fn observe(native: Option<NativeBuckets>, threads: Threads) -> Run {
    let registry = Registry::new();
    let mut family = registry
        .family::<(), Histogram>("duration_seconds", "How long they took.")
        .buckets(BUCKETS);
    if let Some(native) = native {
        family = family.native(native);
    }
    let histogram = family.register().expect("the family is sound").handle(());
    threads.run(move |i| black_box(&histogram).observe(value(i)))
}
