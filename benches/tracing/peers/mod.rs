//! The peers, set up as their documentation recommends, over one SDK whose exporter throws everything away.

#[cfg(feature = "peers")]
mod layers;
#[cfg(feature = "peers")]
mod sdk;

use omtx_benches::Run;

use crate::Sampling;

/// A server span alone.
#[cfg(feature = "peers")]
pub(crate) fn server_span(sampling: Sampling) -> Vec<(&'static str, Run)> {
    vec![
        (
            "OtelAxumLayer + tracing-opentelemetry",
            layers::otel_axum(sampling),
        ),
        (
            "opentelemetry-instrumentation-tower",
            layers::tower(sampling),
        ),
    ]
}

/// Metrics, request id and span together, without a line for the request.
#[cfg(feature = "peers")]
pub(crate) fn assembled(sampling: Sampling) -> Vec<(&'static str, Run)> {
    vec![(
        "the stack that people assemble",
        layers::assembled(sampling, false),
    )]
}

/// The same with `TraceLayer`'s lines as the access log.
#[cfg(feature = "peers")]
pub(crate) fn assembled_with_lines(sampling: Sampling) -> Vec<(&'static str, Run)> {
    vec![(
        "the stack that people assemble",
        layers::assembled(sampling, true),
    )]
}

/// A span by hand.
#[cfg(feature = "peers")]
pub(crate) fn span(sampling: Sampling) -> Vec<(&'static str, Run)> {
    vec![("opentelemetry_sdk", sdk::span(sampling))]
}

/// A span of the `tracing` crate.
#[cfg(feature = "peers")]
pub(crate) fn tracing_span(sampling: Sampling) -> Vec<(&'static str, Run)> {
    vec![("tracing-opentelemetry", layers::tracing_span(sampling))]
}

#[cfg(not(feature = "peers"))]
mod none {
    use super::{Run, Sampling};

    pub(crate) fn nobody(_: Sampling) -> Vec<(&'static str, Run)> {
        Vec::new()
    }
}

#[cfg(not(feature = "peers"))]
pub(crate) use none::{
    nobody as assembled, nobody as assembled_with_lines, nobody as server_span, nobody as span,
    nobody as tracing_span,
};
