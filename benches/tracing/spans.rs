//! Spans inside a request, and what nobody wants there.

use omtx_benches::{Plan, Subject, Target, Threads};
use opentelemetry::trace::TracerProvider;
use tracing::Dispatch;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::work::Attributes;
use crate::{Sampling, ours, peers, work};

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new("A span inside a request", "ns", plan);
    for (sampling, name) in [
        (Sampling::On, "10 attributes, sampled"),
        (Sampling::Off, "10 attributes, not sampled"),
    ] {
        if let Some(row) = subject.row(name) {
            let tracer = ours::telemetry().tracer_provider().tracer("bench");
            row.ours(work::spans(tracer, sampling))
                .peers(peers::span(sampling))
                .target(Target::TimesBetterThanBest(1.0))
                .measure(&mut subject);
        }
    }
    for (sampling, name) in [
        (Sampling::On, "info_span!, 3 fields, sampled"),
        (Sampling::Off, "info_span!, 3 fields, not sampled"),
    ] {
        if let Some(row) = subject.row(name) {
            row.ours(work::tracing_spans(ours::layer(), sampling.request()))
                .peers(peers::tracing_span(sampling))
                .target(Target::TimesBetterThanBest(1.0))
                .measure(&mut subject);
        }
    }
    subject.print();
    threads(plan);

    let mut subject = Subject::new("An event whose level is off, in a request", "ns", plan)
        .floor_column("tracing alone");
    for (sampling, name) in [
        (Sampling::Off, "DEBUG where INFO is written, not sampled"),
        (Sampling::On, "DEBUG where INFO is written, sampled"),
    ] {
        if let Some(row) = subject.row(name) {
            let alone = tracing_subscriber::registry().with(LevelFilter::INFO);
            row.ours(work::disabled_events(
                ours::lines_and_layer(),
                sampling.request(),
            ))
            .floor(work::disabled_events(
                Dispatch::new(alone),
                sampling.request(),
            ))
            .target(Target::TimesFloor(1.25))
            .target(Target::AtMostAllocations(0.0))
            .measure(&mut subject);
        }
    }
    subject.print();
}

/// One queue takes the spans of all threads.
fn threads(plan: &Plan) {
    let title = "Recorded spans that end, by one thread and by two at once";
    let mut subject = Subject::new(title, "ns", plan).floor_column("a copy under a lock");
    for (threads, attributes, name) in [
        (Threads::One, Attributes::None, "no attributes, one thread"),
        (Threads::Two, Attributes::None, "no attributes, two threads"),
        (Threads::One, Attributes::Nine, "9 attributes, one thread"),
        (Threads::Two, Attributes::Nine, "9 attributes, two threads"),
    ] {
        if let Some(row) = subject.row(name) {
            let tracer = ours::telemetry().tracer_provider().tracer("bench");
            row.ours(work::spans_of_threads(threads, tracer, attributes))
                .floor(work::locked_copies(threads, attributes))
                .measure(&mut subject);
        }
    }
    subject.print();
}
