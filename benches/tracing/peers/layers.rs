//! Layers for axum, over the SDK.

use std::io;
use std::sync::LazyLock;

use axum::Router;
use axum_prometheus::PrometheusMetricLayerBuilder;
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use omtx_benches::Run;
use opentelemetry_instrumentation_tower::http::server::LayerBuilder;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::Dispatch;
use tracing::dispatcher::with_default;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use super::sdk;
use crate::app::{self, Requests};
use crate::{Sampling, work};

/// Through `router`, with the subscriber that belongs to it.
fn requests(router: Router, dispatch: Dispatch, sampling: Sampling) -> Run {
    app::requests_with(router, Requests::Mixed, sampling.headers(), move |work| {
        with_default(&dispatch, work);
    })
}

pub(super) fn tower(sampling: Sampling) -> Run {
    sdk::tracer(); // installs the global provider
    let layer = LayerBuilder::builder()
        .with_metrics(false)
        .build()
        .expect("sound");
    requests(app::router().layer(layer), Dispatch::none(), sampling)
}

pub(super) fn otel_axum(sampling: Sampling) -> Run {
    let spans = tracing_opentelemetry::layer().with_tracer(sdk::tracer());
    let subscriber = Registry::default().with(spans.with_filter(LevelFilter::INFO));
    let router = app::router().layer(OtelAxumLayer::default());
    requests(router, Dispatch::new(subscriber), sampling)
}

/// axum-prometheus, a request id, OtelAxumLayer and TraceLayer, with lines of tracing-subscriber; TraceLayer's are at DEBUG.
pub(super) fn assembled(sampling: Sampling, lines: bool) -> Run {
    static HANDLE: LazyLock<PrometheusHandle> = LazyLock::new(|| {
        let builder =
            PrometheusBuilder::new().set_buckets(axum_prometheus::utils::SECONDS_DURATION_BUCKETS);
        builder
            .expect("sound")
            .install_recorder()
            .expect("nobody else installs one")
    });
    let (metrics, handle) = PrometheusMetricLayerBuilder::new()
        .with_metrics_from_fn(|| HANDLE.clone())
        .build_pair();
    let level = if lines {
        LevelFilter::DEBUG
    } else {
        LevelFilter::INFO
    };
    let json = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(io::sink);
    let spans = tracing_opentelemetry::layer().with_tracer(sdk::tracer());
    let subscriber = Registry::default()
        .with(json.with_filter(level))
        .with(spans.with_filter(LevelFilter::INFO));
    let router = app::router()
        .layer(TraceLayer::new_for_http())
        .layer(OtelAxumLayer::default())
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(metrics);
    // It keeps every observation until upkeep sorts them into buckets: not timed here.
    requests(router, Dispatch::new(subscriber), sampling).then(move || handle.run_upkeep())
}

/// A span of the `tracing` crate, in a request that is sampled or not.
pub(super) fn tracing_span(sampling: Sampling) -> Run {
    let spans = tracing_opentelemetry::layer().with_tracer(sdk::tracer());
    let subscriber = Registry::default().with(spans.with_filter(LevelFilter::INFO));
    work::tracing_spans(Dispatch::new(subscriber), sampling.request())
}
