//! A line that is encoded and thrown away.

use omtx_benches::{Plan, Subject, Target};
use omtx_logging::Profile;

use crate::floor::floor;
use crate::ours::discarding;
use crate::peers;
use crate::work::{self, Around, Event};

pub(crate) fn run(plan: &Plan) {
    let mut subject =
        Subject::new("Log line, written nowhere", "ns", plan).floor_column("copying bytes");

    if let Some(row) = subject.row("3 fields, 2 scopes of 2 (peers: spans)") {
        row.ours(discarding(Profile::Omtx).events(work::two_scopes, work::reference))
            .peers(peers::discarding(work::two_spans, work::reference))
            .floor(floor().events(work::nothing, work::reference))
            .target(Target::AtMost(200.0))
            .target(Target::TimesBetterThanBest(5.0))
            .target(Target::TimesBetterThan(peers::TRACING_SUBSCRIBER, 14.0))
            .target(Target::AtMostAllocations(0.0))
            .measure(&mut subject);
    }
    let rows: [(&str, Around, Around, Event, f64); 6] = [
        (
            "3 fields, 2 spans of 2",
            work::two_spans,
            work::two_spans,
            work::reference,
            0.0,
        ),
        (
            "3 fields alone",
            work::nothing,
            work::nothing,
            work::reference,
            0.0,
        ),
        (
            "dotted names, 2 scopes",
            work::two_scopes,
            work::two_spans,
            work::dotted,
            0.0,
        ),
        (
            "8 scopes of 4 (peers: spans)",
            work::many_scopes,
            work::many_spans,
            work::reference,
            0.0,
        ),
        (
            "8 spans of 4",
            work::many_spans,
            work::many_spans,
            work::reference,
            0.0,
        ),
        (
            "escapes",
            work::two_scopes,
            work::two_spans,
            work::escapes,
            0.0,
        ),
    ];
    for (name, ours, theirs, event, allocations) in rows {
        if let Some(row) = subject.row(name) {
            row.ours(discarding(Profile::Omtx).events(ours, event))
                .peers(peers::discarding(theirs, event))
                .target(Target::TimesBetterThanBest(5.0))
                .target(Target::AtMostAllocations(allocations))
                .measure(&mut subject);
        }
    }
    let rows: [(&str, Event, Event); 2] = [
        (
            "a scope of 2 of its own (peers: a span)",
            work::in_own_scope,
            work::in_own_span,
        ),
        (
            "a span of 2 of its own",
            work::in_own_span,
            work::in_own_span,
        ),
    ];
    for (name, ours, theirs) in rows {
        if let Some(row) = subject.row(name) {
            row.ours(discarding(Profile::Omtx).events(work::nothing, ours))
                .peers(peers::discarding(work::nothing, theirs))
                .target(Target::TimesBetterThanBest(1.0))
                .measure(&mut subject);
        }
    }
    subject.print();

    let mut subject = Subject::new("The reference line in each profile", "ns", plan);
    for profile in Profile::ALL {
        if let Some(row) = subject.row(profile.as_str()) {
            row.ours(discarding(profile).events(work::two_scopes, work::reference))
                .measure(&mut subject);
        }
    }
    subject.print();
}
