//! Ours: the walk of `omtx-http`, alone and with the RED metrics of `omtx-metrics`.

use axum::Router;
use omtx_metrics::Registry;
use omtx_metrics::http::RedObserver;

/// The layer, with nobody who listens.
pub(crate) fn walk(router: Router) -> Router {
    router.layer(omtx_http::axum_layer(()))
}

/// Rate, errors, duration, sizes and requests in flight, by method, route and status.
pub(crate) fn red(router: Router) -> Router {
    let observer = RedObserver::new(&Registry::new()).expect("an empty registry takes everything");
    router.layer(omtx_http::axum_layer(observer))
}
