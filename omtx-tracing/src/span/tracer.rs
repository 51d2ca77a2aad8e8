//! Begins spans.

use std::borrow::Cow;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanKind, TraceContextExt, TraceId, TraceState,
};

use super::{Clock, Decision, Span, TracerProvider, nanos};
use crate::export::ScopeId;
use crate::sampler::SamplingRequest;

/// Begins spans for one instrumentation scope; a cheap clone. From [`TracerProvider`].
///
/// What `in_span` and `attach` of the `opentelemetry` crate make current, log lines and exemplars do not see: they carry the ids of
/// the span around it. [`context`](crate::context) makes a span current for both, also in a future:
///
/// ```
/// use omtx_context::TraceContext;
/// use omtx_tracing::context::{self, WithContext};
/// use omtx_tracing::testing::SpanRecorder;
/// use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let recorder = SpanRecorder::new();
/// let tracer = recorder.provider().tracer("billing");
/// let charge = context::current().with_span(tracer.start("charge"));
/// let seen = async { TraceContext::current().unwrap().span_id().to_string() }.in_context(charge).await;
/// assert_eq!(seen, recorder.span("charge").span_id().to_string());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tracer {
    provider: TracerProvider,
    scope: ScopeId,
}

impl Tracer {
    pub(super) fn new(provider: TracerProvider, scope: ScopeId) -> Self {
        Self { provider, scope }
    }

    pub(crate) fn provider(&self) -> &TracerProvider {
        &self.provider
    }

    pub(super) fn scope(&self) -> ScopeId {
        self.scope
    }

    /// Begins the span that was decided about, at `clock`, without its attributes. `trace_state` is the parent's.
    pub(crate) fn start_decided(
        &self,
        decision: &Decision,
        trace_state: TraceState,
        name: impl Into<Cow<'static, str>>,
        kind: &SpanKind,
        clock: Clock,
    ) -> Span {
        let context = decision.span_context(trace_state);
        match self.provider.sink() {
            Some(sink) if decision.recording => {
                sink.created();
                let start = clock.start();
                Span::open(
                    self.clone(),
                    context,
                    decision,
                    name.into(),
                    kind,
                    clock,
                    start,
                )
            }
            _ => Span::not_recorded(context),
        }
    }
}

impl opentelemetry::trace::Tracer for Tracer {
    type Span = Span;

    fn build_with_context(&self, builder: SpanBuilder, parent_cx: &Context) -> Span {
        if parent_cx.is_telemetry_suppressed() {
            return Span::not_recorded(SpanContext::NONE);
        }
        let parent = parent_cx.span();
        let parent = parent.span_context();
        let kind = builder.span_kind.unwrap_or(SpanKind::Internal);
        let decision = self.provider.decide_by(SamplingRequest {
            parent: Some(parent),
            trace_id: TraceId::INVALID,
            name: &builder.name,
            kind: &kind,
            attributes: builder.attributes.as_deref().unwrap_or_default(),
            links: builder.links.as_deref().unwrap_or_default(),
        });
        let trace_state = if parent.is_valid() {
            parent.trace_state().clone()
        } else {
            TraceState::NONE
        };
        let context = decision.span_context(trace_state);
        let sink = match self.provider.sink() {
            Some(sink) if decision.recording => sink,
            _ => return Span::not_recorded(context),
        };
        sink.created();
        let clock = Clock::now();
        let start = builder.start_time.map_or(clock.start(), nanos);
        let mut span = Span::open(
            self.clone(),
            context,
            &decision,
            builder.name,
            &kind,
            clock,
            start,
        );
        span.set_first(
            builder.attributes.as_deref().unwrap_or_default(),
            builder.events.as_deref().unwrap_or_default(),
            builder.links.as_deref().unwrap_or_default(),
        );
        span
    }
}
