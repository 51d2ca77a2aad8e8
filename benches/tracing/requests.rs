//! What a request costs more.

use omtx_benches::{Plan, Run, Subject, Target};
use tracing::Dispatch;
use tracing::dispatcher::with_default;

use crate::app::{self, Requests, identity, requests_with};
use crate::{Sampling, ours, peers};

fn requests(router: axum::Router, sampling: Sampling) -> Run {
    requests_with(router, Requests::Mixed, sampling.headers(), |work| work())
}

fn requests_in(dispatch: Dispatch, router: axum::Router, sampling: Sampling) -> Run {
    requests_with(router, Requests::Mixed, sampling.headers(), move |work| {
        with_default(&dispatch, work);
    })
}

fn baseline(sampling: Sampling) -> Run {
    requests(app::router().layer(identity()), sampling)
}

fn walk(sampling: Sampling) -> Run {
    requests(ours::walk(app::router()), sampling)
}

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new(
        "Traces: what they add to a whole request through an axum Router",
        "ns over the same Router with a layer that does nothing",
        plan,
    )
    .floor_column("the walk alone");
    for (sampling, name, target, allocations) in [
        (Sampling::Off, "server span, not sampled", 150.0, 2.0),
        (Sampling::On, "server span, sampled", 1_000.0, 6.0),
    ] {
        if let Some(row) = subject.row(name) {
            let router = ours::server_span(app::router(), ours::telemetry());
            row.baseline(baseline(sampling))
                .ours(requests(router, sampling))
                .peers(peers::server_span(sampling))
                .floor(walk(sampling))
                .target(Target::AtMost(target))
                .target(Target::AtMostAllocations(allocations))
                .measure(&mut subject);
        }
    }
    if let Some(row) = subject.row("server span, telemetry disabled") {
        let router = ours::server_span(app::router(), ours::disabled());
        row.baseline(baseline(Sampling::On))
            .ours(requests(router, Sampling::On))
            .floor(walk(Sampling::On))
            .target(Target::AtMostAllocations(2.0))
            .measure(&mut subject);
    }
    if let Some(row) = subject.row("RED, request scope and span, not sampled") {
        row.baseline(baseline(Sampling::Off))
            .ours(requests(ours::stack(app::router()), Sampling::Off))
            .peers(peers::assembled(Sampling::Off))
            .floor(walk(Sampling::Off))
            .target(Target::AtMost(500.0))
            .target(Target::AtMostAllocations(6.0))
            .target(Target::TimesBetterThanBest(20.0))
            .measure(&mut subject);
    }
    if let Some(row) = subject.row("the same with an access line") {
        let (router, dispatch) = ours::stack_with_line(app::router());
        row.baseline(baseline(Sampling::Off))
            .ours(requests_in(dispatch, router, Sampling::Off))
            .peers(peers::assembled_with_lines(Sampling::Off))
            .floor(walk(Sampling::Off))
            .target(Target::AtMost(1_000.0))
            .target(Target::TimesBetterThanBest(20.0))
            .measure(&mut subject);
    }
    subject.print();
}
