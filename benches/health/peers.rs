//! axum-health, whose checks are asked for every probe. Here they answer at once; a real one adds its own latency.

use omtx_benches::Run;

#[cfg(feature = "peers")]
pub(crate) fn probes(checks: usize) -> Vec<(&'static str, Run)> {
    vec![("axum-health", axum_health(checks))]
}

/// None without the feature.
#[cfg(not(feature = "peers"))]
pub(crate) fn probes(_: usize) -> Vec<(&'static str, Run)> {
    Vec::new()
}

#[cfg(feature = "peers")]
fn axum_health(checks: usize) -> Run {
    use axum::Router;
    use axum::routing::get;
    use axum_health::prelude::{Health, Named, PingHealthIndicator, health_check};

    let mut health = Health::builder();
    for i in 0..checks {
        health = health.with_indicator(PingHealthIndicator.named(crate::probes::name(i)));
    }
    let router = Router::new()
        .route("/health", get(health_check))
        .layer(health.build());
    crate::probes::ask(router, "/health")
}
