//! What a span will be, known before it is built.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The ids of a span that may or may not be built, and whether it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) flags: TraceFlags,
    /// [`SpanId::INVALID`] if there is no parent.
    pub(crate) parent_span_id: SpanId,
    pub(crate) parent_is_remote: bool,
    pub(crate) recording: bool,
    /// Whether the ids are the parent's, because there is nobody here who makes spans.
    pub(crate) is_remote: bool,
}

impl Decision {
    /// The span's context, with the parent's tracestate, which sampling here never changes.
    pub(crate) fn span_context(&self, trace_state: TraceState) -> SpanContext {
        SpanContext::new(
            self.trace_id,
            self.span_id,
            self.flags,
            self.is_remote,
            trace_state,
        )
    }
}
