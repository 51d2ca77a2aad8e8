//! What spans allocate on the thread that records them. Alone in its binary, which counts.

#![cfg(feature = "http-protobuf")]

#[path = "alloc/counting.rs"]
mod counting;

use std::time::Duration;

use omtx_tracing::{Telemetry, Tracer};
use opentelemetry::trace::{
    Span, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer as _,
    TracerProvider,
};
use opentelemetry::{Context, KeyValue};

use counting::asked;

/// What this many calls allocate on this thread, after as many that are not counted.
fn allocations(calls: u32, mut call: impl FnMut()) -> u64 {
    let mut run = || (0..calls).for_each(|_| call());
    run();
    asked(run).times
}

/// A real exporter, whose collector is not there: spans are queued, and dropped where the queue is full.
fn tracer() -> (Telemetry, Tracer) {
    let telemetry = Telemetry::builder("hub")
        .from_vars(|name| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("http://127.0.0.1:9".into()),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => Some("http/protobuf".into()),
            _ => None,
        })
        .unwrap()
        .build()
        .unwrap();
    let tracer = telemetry.tracer_provider().tracer("t");
    (telemetry, tracer)
}

#[test]
fn a_recorded_span_with_ten_attributes_allocates_nothing_of_its_own() {
    let (telemetry, tracer) = tracer();
    let allocated = allocations(1_000, || {
        let mut span = tracer.start("GET /users/{id}");
        assert!(span.is_recording());
        for key in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
            span.set_attribute(KeyValue::new(key, "a value of some length"));
        }
        span.end();
    });
    // The queue grows by blocks of many spans.
    assert!(allocated < 100, "{allocated} allocations for 1000 spans");
    telemetry.shutdown(Duration::ZERO);
}

#[test]
fn a_span_that_is_not_recorded_allocates_nothing() {
    let (telemetry, tracer) = tracer();
    let caller = SpanContext::new(
        TraceId::from(7),
        SpanId::from(9),
        TraceFlags::NOT_SAMPLED,
        true,
        TraceState::NONE,
    );
    let cx = Context::new().with_remote_span_context(caller);
    let allocated = allocations(1_000, || {
        let mut span = tracer.start_with_context("GET /users/{id}", &cx);
        span.set_attribute(KeyValue::new("k", 1));
        span.end();
    });
    assert_eq!(allocated, 0);
    telemetry.shutdown(Duration::ZERO);
}
