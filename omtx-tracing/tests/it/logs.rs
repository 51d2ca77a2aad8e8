//! Log records at a collector that is not ours.

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use omtx_context::{Scope, TraceContext};
use omtx_logging::{Levels, Logging};
use omtx_tracing::{Signal, Telemetry, TelemetryBuilder};
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use serde_json::json;

use crate::receiver::{PATIENCE, Receiver};

fn telemetry(vars: &[(&str, &str)]) -> Telemetry {
    let read = |name: &str| {
        let found = vars.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.into())
    };
    Telemetry::builder("omtx-hub-api")
        .from_vars(read)
        .and_then(TelemetryBuilder::build)
        .unwrap()
}

#[test]
fn a_line_and_its_span_have_the_same_ids_and_resource() {
    for protocol in ["grpc", "http/protobuf"] {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let endpoint = match protocol {
            "grpc" => receiver.grpc_endpoint(),
            _ => receiver.http_endpoint(),
        };
        let telemetry = telemetry(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_LOGS_EXPORTER", "otlp"),
        ]);
        let logging = Logging::builder("omtx-hub-api")
            .levels(Levels::all())
            .sink(())
            .records(telemetry.log_sink())
            .build()
            .unwrap();

        let mut span = telemetry.tracer_provider().tracer("t").start("align");
        let context = span.span_context();
        let trace = TraceContext::new(
            omtx_context::TraceId::from_bytes(context.trace_id().to_bytes()).unwrap(),
            omtx_context::SpanId::from_bytes(context.span_id().to_bytes()).unwrap(),
            omtx_context::TraceFlags::new(context.trace_flags().to_u8()),
        );
        tracing::subscriber::with_default(logging.subscriber(), || {
            let scope = Scope::root().with("request_id", "r-1").build();
            scope.in_scope(|| trace.in_scope(|| tracing::warn!(target: "hub", n = 7, "slow")));
        });
        span.end();
        assert!(
            telemetry.flush(PATIENCE).is_complete(),
            "{:?}",
            telemetry.stats()
        );

        let log = receiver.wait_for_logs(1).remove(0);
        let span = receiver.wait_for_spans(1).remove(0);
        assert_eq!(log["trace_id"], span["trace_id"]);
        assert_eq!(log["span_id"], span["span_id"]);
        assert_eq!(log["resource"], span["resource"]);
        assert_eq!(log["body"], "slow");
        assert_eq!(log["severity"], "WARN");
        assert_eq!(log["attributes"], json!({"request_id": "r-1", "n": 7}));
        assert_eq!(log["scope"]["name"], "hub", "{log}");
        assert_eq!(telemetry.stats().of(Signal::Logs).unwrap().exported, 1);
    }
}

#[test]
fn a_collector_that_is_stuck_is_waited_for_once_and_not_at_every_panic() {
    // Takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let telemetry = telemetry(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_LOGS_EXPORTER", "otlp"),
    ]);
    let logging = Logging::builder("hub")
        .sink(())
        .records(telemetry.log_sink())
        .build()
        .unwrap();
    tracing::subscriber::with_default(logging.subscriber(), || tracing::error!("x"));
    let flushed = logging.flush(Duration::from_millis(50));
    assert_eq!(flushed.lines_left(), 1);

    let (done, waited) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = done.send(logging.flush(Duration::MAX).lines_left());
    });
    assert_eq!(waited.recv_timeout(PATIENCE), Ok(1));
    telemetry.shutdown(Duration::ZERO);
}

#[test]
fn a_sink_does_not_keep_the_exporter_running() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let telemetry = telemetry(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_LOGS_EXPORTER", "otlp"),
    ]);
    let logging = Logging::builder("hub")
        .sink(())
        .records(telemetry.log_sink())
        .build()
        .unwrap();
    drop(telemetry);
    // Nobody is left who could send it, and nobody waits.
    tracing::subscriber::with_default(logging.subscriber(), || tracing::error!("x"));
    assert!(logging.flush(PATIENCE).is_complete());
}
