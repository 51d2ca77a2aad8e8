//! What a layer adds to a request, beside the layers that people use today.

mod app;
mod floor;
mod ours;
mod peers;

use app::{Requests, identity, requests};
use omtx_benches::{Plan, Subject, Target, alloc};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() {
    let plan = Plan::from_env();
    let mut subject = Subject::new(
        "HTTP: what a layer adds to a whole request through an axum Router",
        "ns over the same Router with a layer that does nothing",
        &plan,
    )
    .floor_column("three atomics");
    if let Some(row) = subject.row("walk without observers, mixed requests") {
        row.baseline(requests(app::router().layer(identity()), Requests::Mixed))
            .ours(requests(ours::walk(app::router()), Requests::Mixed))
            .peers(peers::watching(Requests::Mixed))
            .floor(requests(
                app::router().layer(floor::layer()),
                Requests::Mixed,
            ))
            .target(Target::AtMostAllocations(2.0))
            .measure(&mut subject);
    }
    for (requests_kind, name, allocations) in [
        (Requests::Mixed, "RED metrics, mixed requests", 2.0),
        (
            Requests::StreamedUpload,
            "RED metrics, streamed request body",
            3.0,
        ),
    ] {
        if let Some(row) = subject.row(name) {
            row.baseline(requests(app::router().layer(identity()), requests_kind))
                .ours(requests(ours::red(app::router()), requests_kind))
                .peers(peers::measuring(requests_kind))
                .floor(requests(app::router().layer(floor::layer()), requests_kind))
                .target(Target::AtMost(150.0))
                .target(Target::AtMostAllocations(allocations))
                .measure(&mut subject);
        }
    }
    subject.print();
}
