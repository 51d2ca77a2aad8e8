//! Spans of the `tracing` crate.

mod adopt;
mod events;
mod follow;
mod record;
#[cfg(feature = "axum")]
mod request;
mod switch;

use omtx_tracing::LayerBuilder;
use omtx_tracing::testing::SpanRecorder;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Layer, SubscriberExt};

/// Runs `f` under a subscriber with only our layer.
fn record(f: impl FnOnce()) -> SpanRecorder {
    let recorder = SpanRecorder::new();
    record_in(&recorder, |builder| builder, f);
    recorder
}

fn record_in(
    recorder: &SpanRecorder,
    settings: impl FnOnce(LayerBuilder) -> LayerBuilder,
    f: impl FnOnce(),
) {
    let layer = settings(LayerBuilder::new(&recorder.provider())).build();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), f);
}

/// The layer with its defaults.
fn layer(recorder: &SpanRecorder) -> impl Layer<Registry> + use<> {
    LayerBuilder::new(&recorder.provider()).build()
}

/// A caller's context.
fn caller(sampled: bool) -> Context {
    let caller = SpanContext::new(
        TraceId::from(7),
        SpanId::from(9),
        TraceFlags::default().with_sampled(sampled),
        true,
        TraceState::NONE,
    );
    Context::new().with_remote_span_context(caller)
}
