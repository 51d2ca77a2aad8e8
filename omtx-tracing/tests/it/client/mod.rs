//! Clients: what they send along, and what their spans say.

#[cfg(feature = "reqwest")]
mod reqwest;
mod resends;
#[cfg(feature = "axum")]
mod through_a_service;
mod tower;

use omtx_tracing::client::ClientSpans;
use omtx_tracing::testing::{RecordedSpan, SpanRecorder};
use omtx_tracing::{Propagators, Sampler, SpanLimits};
use opentelemetry::Context;
use opentelemetry::trace::Status;

pub(crate) const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The context of an incoming request.
pub(crate) fn incoming(traceparent: &'static str) -> Context {
    let headers = super::propagation::headers(&[
        ("traceparent", traceparent.as_bytes()),
        ("tracestate", b"congo=1"),
        ("baggage", b"tenant=acme"),
    ]);
    Propagators::default()
        .extract_headers(&headers)
        .into_context(&Context::new())
}

pub(crate) fn recording() -> (SpanRecorder, ClientSpans) {
    let recorder = SpanRecorder::with(
        Sampler::parent_based(Sampler::always_on()),
        SpanLimits::default(),
    );
    let spans = ClientSpans::new(&recorder.provider(), &Propagators::default());
    (recorder, spans)
}

/// The attributes as lines, sorted, and the status.
pub(crate) fn lines(span: &RecordedSpan) -> Vec<String> {
    let mut lines: Vec<_> = span
        .attributes()
        .iter()
        .map(|attribute| format!("{}={}", attribute.key, attribute.value))
        .collect();
    lines.sort();
    if let Status::Error { description } = span.status() {
        lines.push(format!("Error({description})"));
    }
    lines
}
