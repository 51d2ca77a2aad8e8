//! A level that is off.

use omtx_benches::{Plan, Subject, Target};
use omtx_logging::Profile;

use crate::floor::level_alone;
use crate::{ours, peers, work};

pub(crate) fn run(plan: &Plan) {
    let mut subject =
        Subject::new("An event whose level is off", "ns", plan).floor_column("tracing alone");
    if let Some(row) = subject.row("DEBUG where INFO is written") {
        row.ours(ours::discarding(Profile::Omtx).events(work::two_scopes, work::disabled))
            .peers(peers::discarding(work::two_spans, work::disabled))
            .floor(level_alone().events(work::nothing, work::disabled))
            .target(Target::TimesFloor(1.25))
            .target(Target::AtMostAllocations(0.0))
            .measure(&mut subject);
    }
    subject.print();
}
