//! Where tracers come from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind};

use super::ids::{RANDOM, new_span_id, new_trace_id};
use super::{Decision, Sink, SpanLimits, Tracer};
use crate::Sampler;
use crate::export::ScopeId;
use crate::sampler::SamplingRequest;

/// Makes tracers for code that is instrumented with the `opentelemetry` crate; a cheap clone.
///
/// It implements [`opentelemetry::trace::TracerProvider`], so that [`opentelemetry::global`], `tracing-opentelemetry` and
/// third-party instrumentation take it as they take any other.
///
/// ```
/// use omtx_tracing::testing::SpanRecorder;
/// use opentelemetry::trace::{Tracer, TracerProvider};
///
/// let recorder = SpanRecorder::new();
/// let tracer = recorder.provider().tracer("billing");
/// tracer.in_span("charge", |_cx| { /* … */ });
/// assert_eq!(recorder.spans()[0].name(), "charge");
/// ```
#[derive(Clone, Debug)]
pub struct TracerProvider {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sampler: Sampler,
    limits: SpanLimits,
    /// `None` if nothing is recorded, whatever a sampler would say.
    sink: Option<Sink>,
    /// Apart from the rest, which is only read.
    truncated: Arc<AtomicU64>,
}

impl TracerProvider {
    /// Spans that `sampler` takes go to `sink`.
    pub(crate) fn new(sink: Sink, sampler: Sampler, limits: SpanLimits) -> Self {
        Self {
            inner: Arc::new(Inner {
                sampler,
                limits,
                sink: Some(sink),
                truncated: Arc::default(),
            }),
        }
    }

    /// Records nothing. A parent's ids are passed on as they came ("Behavior of the API in the absence of an installed SDK"); where
    /// there is no parent a trace is begun that nobody samples, so that log lines and calls of one request still belong together.
    pub(crate) fn disabled() -> Self {
        Self {
            inner: Arc::new(Inner {
                sampler: Sampler::always_off(),
                limits: SpanLimits::default(),
                sink: None,
                truncated: Arc::default(),
            }),
        }
    }

    /// How many values of spans were cut, because they were longer than [`SpanLimits::value_length`] allows, than 16 KiB for a name
    /// or a description, or than `MAX_VALUE_LEN` of the modules `http` and `client` for what the other side chose.
    ///
    /// Shown as `omtx_trace_values_truncated_total`. What a span's own limits cut is counted when the span ends.
    ///
    /// ```
    /// use omtx_tracing::testing::SpanRecorder;
    /// use omtx_tracing::{Sampler, SpanLimits};
    /// use opentelemetry::KeyValue;
    /// use opentelemetry::trace::{Span, Tracer, TracerProvider};
    ///
    /// let recorder = SpanRecorder::with(Sampler::always_on(), SpanLimits::default().value_length(4));
    /// let mut span = recorder.provider().tracer("billing").start("charge");
    /// span.set_attribute(KeyValue::new("card", "4111111111111111"));
    /// span.end();
    /// assert_eq!(recorder.span("charge").attribute("card"), Some(&"4111".into()));
    /// assert_eq!(recorder.provider().values_truncated(), 1);
    /// ```
    #[must_use]
    pub fn values_truncated(&self) -> u64 {
        self.inner.truncated.load(Relaxed)
    }

    /// The same, to be added to.
    pub(crate) fn truncated(&self) -> &Arc<AtomicU64> {
        &self.inner.truncated
    }

    /// Counts values that were cut.
    pub(crate) fn count_truncated(&self, values: u64) {
        if values > 0 {
            self.inner.truncated.fetch_add(values, Relaxed);
        }
    }

    /// Whether any span may be recorded, now or later.
    pub(crate) fn is_enabled(&self) -> bool {
        self.inner.sink.as_ref().is_some_and(Sink::is_open)
    }

    pub(crate) fn limits(&self) -> &SpanLimits {
        &self.inner.limits
    }

    pub(crate) fn sampler(&self) -> &Sampler {
        &self.inner.sampler
    }

    pub(crate) fn sink(&self) -> Option<&Sink> {
        self.inner.sink.as_ref()
    }

    /// Decides about a span before anything of it is built. `parent` may be invalid, and is none then.
    #[inline]
    pub(crate) fn decide(
        &self,
        parent: Option<&SpanContext>,
        name: &str,
        kind: &SpanKind,
    ) -> Decision {
        self.decide_by(SamplingRequest {
            parent,
            trace_id: opentelemetry::trace::TraceId::INVALID,
            name,
            kind,
            attributes: &[],
            links: &[],
        })
    }

    /// Decides without asking the sampler, for what is not to be recorded.
    pub(crate) fn decide_against(&self, parent: Option<&SpanContext>) -> Decision {
        match parent.filter(|parent| parent.is_valid()) {
            Some(parent) if self.is_enabled() => Decision {
                trace_id: parent.trace_id(),
                span_id: new_span_id(),
                flags: parent.trace_flags() & RANDOM,
                parent_span_id: parent.span_id(),
                parent_is_remote: parent.is_remote(),
                recording: false,
                is_remote: false,
            },
            parent => pass_on(parent),
        }
    }

    /// The same with all that a sampler may want to see; the trace id of the request is set here.
    pub(super) fn decide_by(&self, mut request: SamplingRequest<'_>) -> Decision {
        request.parent = request.parent.filter(|parent| parent.is_valid());
        if !self.is_enabled() {
            return pass_on(request.parent);
        }
        // Bits of the flags that no version of the specification names yet are not passed on (W3C Trace Context level 2,
        // section 3.2.2.5.3).
        let (trace_id, random, parent_span_id, parent_is_remote) = match request.parent {
            Some(parent) => (
                parent.trace_id(),
                parent.trace_flags() & RANDOM,
                parent.span_id(),
                parent.is_remote(),
            ),
            None => (new_trace_id(), RANDOM, SpanId::INVALID, false),
        };
        request.trace_id = trace_id;
        let recording = self.inner.sampler.samples(&request);
        Decision {
            trace_id,
            // A new one even if it is not recorded ("SDK Span creation", 3): log lines and exemplars rely on it.
            span_id: new_span_id(),
            flags: random.with_sampled(recording),
            parent_span_id,
            parent_is_remote,
            recording,
            is_remote: false,
        }
    }
}

/// The parent's ids, or new ones that nobody samples.
fn pass_on(parent: Option<&SpanContext>) -> Decision {
    let (trace_id, span_id, flags, is_remote) = match parent {
        Some(parent) => (
            parent.trace_id(),
            parent.span_id(),
            parent.trace_flags(),
            parent.is_remote(),
        ),
        None => (new_trace_id(), new_span_id(), RANDOM, false),
    };
    Decision {
        trace_id,
        span_id,
        flags,
        parent_span_id: SpanId::INVALID,
        parent_is_remote: false,
        recording: false,
        is_remote,
    }
}

impl opentelemetry::trace::TracerProvider for TracerProvider {
    type Tracer = Tracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> Tracer {
        let id = self.sink().map_or(ScopeId(0), |sink| sink.scope(&scope));
        Tracer::new(self.clone(), id)
    }
}
