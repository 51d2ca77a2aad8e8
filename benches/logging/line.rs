//! A line that is encoded and thrown away.

use omtx_benches::{Plan, Subject, Target};
use omtx_logging::Profile;

use crate::floor::floor;
use crate::ours::discarding;
use crate::peers;
use crate::work::{self, Around, Event};

const NOTHING: Around = work::nothing;
const TWO_SCOPES: Around = work::two_scopes;
const TWO_SPANS: Around = work::two_spans;
const REFERENCE: Event = work::reference;

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
    // What must be escaped costs everybody about the same; the rest of the line still does not.
    for (name, ours, theirs, event, times) in [
        (
            "3 fields, 2 spans of 2",
            TWO_SPANS,
            TWO_SPANS,
            REFERENCE,
            5.0,
        ),
        ("3 fields alone", NOTHING, NOTHING, REFERENCE, 5.0),
        (
            "dotted names, 2 scopes",
            TWO_SCOPES,
            TWO_SPANS,
            work::dotted as Event,
            5.0,
        ),
        (
            "8 scopes of 4 (peers: spans)",
            work::many_scopes as Around,
            work::many_spans,
            REFERENCE,
            5.0,
        ),
        (
            "8 spans of 4",
            work::many_spans,
            work::many_spans,
            REFERENCE,
            5.0,
        ),
        ("escapes", TWO_SCOPES, TWO_SPANS, work::escapes, 2.0),
    ] {
        if let Some(row) = subject.row(name) {
            row.ours(discarding(Profile::Omtx).events(ours, event))
                .peers(peers::discarding(theirs, event))
                .target(Target::TimesBetterThanBest(times))
                .target(Target::AtMostAllocations(0.0))
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
