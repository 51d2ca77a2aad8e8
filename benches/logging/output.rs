//! The whole way to a file descriptor, with two threads that log at the same time.

use omtx_benches::{Plan, Subject, Target};

use crate::{ours, peers, work};

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new("Log line, written to /dev/null by two threads", "ns", plan);
    if let Some(row) = subject.row("3 fields in a scope of 2 (peers: a span)") {
        row.ours(ours::to_descriptor().on_two_threads(work::in_own_scope))
            .peers(peers::to_descriptor(work::in_own_span))
            .target(Target::TimesBetterThanBest(1.0))
            .measure(&mut subject);
    }
    if let Some(row) = subject.row("the same through a queue (peers: tracing-appender's)") {
        row.ours(ours::through_queue().on_two_threads(work::in_own_scope))
            .peers(peers::through_queue(work::in_own_span))
            .note("each drops what its thread cannot write in time")
            .target(Target::TimesBetterThanBest(1.0))
            .measure(&mut subject);
    }
    subject.print();
}
