//! One layer each.

use crate::app::{self, Requests};
use axum_prometheus::PrometheusMetricLayerBuilder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use omtx_benches::Run;
use opentelemetry_instrumentation_tower::http::server::LayerBuilder;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use std::sync::LazyLock;
use std::time::Duration;

pub(super) fn axum_prometheus(requests: Requests) -> Run {
    static HANDLE: LazyLock<PrometheusHandle> = LazyLock::new(|| {
        let builder =
            PrometheusBuilder::new().set_buckets(axum_prometheus::utils::SECONDS_DURATION_BUCKETS);
        builder
            .expect("sound")
            .install_recorder()
            .expect("nobody else installs one")
    });
    let (layer, handle) = PrometheusMetricLayerBuilder::new()
        .with_metrics_from_fn(|| HANDLE.clone())
        .build_pair();
    // It keeps every observation until upkeep sorts them into buckets: not timed here.
    app::requests(app::router().layer(layer), requests).then(move || handle.run_upkeep())
}

pub(super) fn opentelemetry(requests: Requests) -> Run {
    // A reader that aggregates as it would for a collector, and an exporter that has none.
    static INSTALLED: LazyLock<()> = LazyLock::new(|| {
        let reader = PeriodicReader::builder(NoCollector)
            .with_interval(Duration::from_secs(3600))
            .build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        opentelemetry::global::set_meter_provider(provider);
    });
    LazyLock::force(&INSTALLED);
    let layer = LayerBuilder::builder()
        .with_tracing(false)
        .build()
        .expect("sound");
    app::requests(app::router().layer(layer), requests)
}

pub(super) fn trace_layer(requests: Requests) -> Run {
    let layer = tower_http::trace::TraceLayer::new_for_http();
    app::requests(app::router().layer(layer), requests)
}

struct NoCollector;

impl PushMetricExporter for NoCollector {
    async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}
