//! Native histograms and exemplars, beside our own classic histogram: no peer in Rust has either.

use crate::workload::{BUCKETS, value};
use omtx_benches::{Plan, Run, Subject, Target, Threads};
use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use omtx_metrics::{Histogram, NativeBuckets, Registry};
use std::hint::black_box;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new("Native histograms, held", "ns", plan).floor_column("classic");
    let native = NativeBuckets::new();
    for (form, buckets) in [
        ("native only", native.without_classic()),
        ("native and classic", native),
        (
            "native with resets",
            native.without_classic().min_reset_interval(HOUR),
        ),
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
    exemplars(plan);
}

/// What exemplars add to an observation: where there is no trace, where it is not sampled, and where it is and its bucket has
/// one already.
fn exemplars(plan: &Plan) {
    let mut subject = Subject::new("Exemplars, held", "ns", plan).floor_column("without exemplars");
    for (name, flags) in [
        ("no trace", None),
        ("unsampled trace", Some(TraceFlags::default())),
        ("sampled trace", Some(TraceFlags::SAMPLED)),
    ] {
        if let Some(row) = subject.row(&format!("histogram, {name}")) {
            row.ours(observe_in(flags, true))
                .floor(observe_in(flags, false))
                .target(Target::TimesFloor(1.5))
                .target(Target::AtMostAllocations(0.0))
                .measure(&mut subject);
        }
    }
    subject.print();
}

fn observe_in(flags: Option<TraceFlags>, exemplars: bool) -> Run {
    let registry = Registry::new();
    let mut family = registry
        .family::<(), Histogram>("duration_seconds", "How long they took.")
        .buckets(BUCKETS);
    if exemplars {
        family = family.exemplars();
    }
    let histogram = family.register().expect("the family is sound").handle(());
    let trace = flags.map(|flags| {
        let (trace, span) = (TraceId::new(1), SpanId::new(2));
        TraceContext::new(trace.expect("not 0"), span.expect("not 0"), flags)
    });
    Threads::One.run(move |i| match trace {
        Some(trace) => trace.in_scope(|| black_box(&histogram).observe(value(i))),
        None => black_box(&histogram).observe(value(i)),
    })
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
