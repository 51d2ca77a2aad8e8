//! The peers, each through the API that its documentation recommends for speed.

#[cfg(feature = "peers")]
mod fastmetrics;
#[cfg(feature = "peers")]
mod measured;
#[cfg(feature = "peers")]
mod metrics;
#[cfg(feature = "peers")]
mod prometheus;
#[cfg(feature = "peers")]
mod prometheus_client;

use crate::library::Library;
#[cfg(feature = "peers")]
pub(crate) use prometheus::Prometheus;

/// What `of` makes of each peer; nothing without the feature `peers`.
pub(crate) fn each<T>(of: impl Fn(&dyn Library) -> T) -> Vec<(&'static str, T)> {
    #[cfg(feature = "peers")]
    let all: &[&dyn Library] = &[
        &Prometheus,
        &prometheus_client::PrometheusClient,
        &metrics::Metrics,
        &measured::Measured,
        &fastmetrics::Fastmetrics,
    ];
    #[cfg(not(feature = "peers"))]
    let all: &[&dyn Library] = &[];
    all.iter()
        .map(|library| (library.name(), of(*library)))
        .collect()
}
