//! Ours: `omtx-tracing`, alone and with everything else that a service has.

use std::sync::LazyLock;

use axum::Router;
use omtx_logging::http::{AccessLog, RequestScope};
use omtx_logging::{Logging, Severity};
use omtx_metrics::Registry;
use omtx_metrics::http::RedObserver;
use omtx_tracing::{Batching, Otlp, Protocol, Signal, Telemetry};
use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;

use crate::collector;

/// Exported over HTTP to a collector that takes everything. The queue is long enough for the rounds, so that no span is
/// dropped, which would be cheaper.
pub(crate) fn telemetry() -> &'static Telemetry {
    static TELEMETRY: LazyLock<Telemetry> = LazyLock::new(|| {
        let collector = Otlp::new()
            .endpoint(format!("http://{}/v1/traces", collector::address()))
            .protocol(Protocol::HttpProtobuf);
        let batching = Batching::new(Signal::Traces)
            .max_queue_records(1 << 20)
            .max_queue_bytes(1 << 30);
        Telemetry::builder("hub")
            .detect_resource(false)
            .otlp_for(Signal::Traces, collector)
            .batching(Signal::Traces, batching)
            .build()
            .expect("the settings are sound")
    });
    &TELEMETRY
}

/// `OTEL_SDK_DISABLED=true`.
pub(crate) fn disabled() -> &'static Telemetry {
    static TELEMETRY: LazyLock<Telemetry> = LazyLock::new(|| {
        let builder = Telemetry::builder("hub").detect_resource(false);
        builder
            .disabled(true)
            .build()
            .expect("the settings are sound")
    });
    &TELEMETRY
}

/// The walk, with nobody who listens.
pub(crate) fn walk(router: Router) -> Router {
    router.layer(omtx_http::axum_layer(()))
}

/// The server span alone.
pub(crate) fn server_span(router: Router, telemetry: &Telemetry) -> Router {
    router.layer(omtx_http::axum_layer(telemetry.server_spans()))
}

fn red() -> RedObserver {
    RedObserver::new(&Registry::new()).expect("an empty registry takes everything")
}

/// Span, scope with request id, and RED metrics.
pub(crate) fn stack(router: Router) -> Router {
    let observers = (telemetry().server_spans(), RequestScope::new(), red());
    router.layer(omtx_http::axum_layer(observers))
}

/// The same with an access line, and the subscriber that writes it to nobody.
pub(crate) fn stack_with_line(router: Router) -> (Router, Dispatch) {
    let logging = logging();
    let observers = (
        telemetry().server_spans(),
        RequestScope::new(),
        red(),
        AccessLog::for_logging(&logging),
    );
    let router = router.layer(omtx_http::axum_layer(observers));
    (router, Dispatch::new(logging.subscriber()))
}

fn logging() -> Logging {
    let sink = |_: Severity, line: &[u8]| {
        std::hint::black_box(line);
    };
    let builder = Logging::builder("hub").sink(sink);
    builder.build().expect("the settings are sound")
}

/// Spans of the `tracing` crate.
pub(crate) fn layer() -> Dispatch {
    Dispatch::new(tracing_subscriber::registry().with(telemetry().layer()))
}

/// Lines and spans, as a service has them.
pub(crate) fn lines_and_layer() -> Dispatch {
    let logging = logging();
    let subscriber = tracing_subscriber::registry()
        .with(logging.layer())
        .with(telemetry().layer());
    Dispatch::new(subscriber)
}
