//! The peers' layers, set up as their documentation recommends.

#[cfg(feature = "peers")]
mod layers;

use crate::app::Requests;
use omtx_benches::Run;

/// Layers that measure requests.
#[cfg(feature = "peers")]
pub(crate) fn measuring(requests: Requests) -> Vec<(&'static str, Run)> {
    vec![
        ("axum-prometheus", layers::axum_prometheus(requests)),
        (
            "opentelemetry-instrumentation-tower",
            layers::opentelemetry(requests),
        ),
    ]
}

/// Layers that follow a request to its end, with nobody who listens.
#[cfg(feature = "peers")]
pub(crate) fn watching(requests: Requests) -> Vec<(&'static str, Run)> {
    vec![(
        "tower-http TraceLayer, disabled",
        layers::trace_layer(requests),
    )]
}

/// None without the feature.
#[cfg(not(feature = "peers"))]
pub(crate) fn measuring(_: Requests) -> Vec<(&'static str, Run)> {
    Vec::new()
}

/// None without the feature.
#[cfg(not(feature = "peers"))]
pub(crate) fn watching(_: Requests) -> Vec<(&'static str, Run)> {
    Vec::new()
}
