//! What becomes of spans, as the telemetry's own counts tell it.

use std::time::Duration;

use omtx_tracing::{DropReason, Signal, SignalStats, Telemetry};
use opentelemetry::trace::{Span, Tracer, TracerProvider};

/// Its collector is not there.
fn telemetry() -> Telemetry {
    Telemetry::builder("hub")
        .from_vars(|name| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("http://127.0.0.1:9".into()),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => Some("http/protobuf".into()),
            _ => None,
        })
        .unwrap()
        .build()
        .unwrap()
}

fn traces(telemetry: &Telemetry) -> SignalStats {
    telemetry.stats().of(Signal::Traces).unwrap().clone()
}

#[test]
fn a_span_is_created_once_and_open_until_it_ends() {
    let telemetry = telemetry();
    let tracer = telemetry.tracer_provider().tracer("t");
    let mut span = tracer.start("s");
    let stats = traces(&telemetry);
    assert_eq!((stats.created, stats.open()), (1, 1));
    span.end();
    span.end();
    drop(span);
    let stats = traces(&telemetry);
    assert_eq!((stats.created, stats.open()), (1, 0));
    telemetry.shutdown(Duration::ZERO);
}

#[test]
fn a_span_that_ends_behind_the_shutdown_is_lost_to_it_and_later_ones_are_not_recorded() {
    let telemetry = telemetry();
    let tracer = telemetry.tracer_provider().tracer("t");
    let early = tracer.start("early");
    telemetry.shutdown(Duration::ZERO);
    drop(early);
    let late = tracer.start("late");
    assert!(!late.is_recording() && late.span_context().is_valid());
    drop(late);
    let stats = traces(&telemetry);
    assert_eq!((stats.created, stats.open()), (1, 0));
    assert_eq!(stats.dropped.of(DropReason::Shutdown), 1);
}
