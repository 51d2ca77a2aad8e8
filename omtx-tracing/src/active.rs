//! A span whose work is under way: current while the work runs, ended once, with what became of it.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{self, Poll};
use std::thread;

use omtx_context::TraceContext;
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, InstrumentationScope, KeyValue, Value};
use pin_project_lite::pin_project;

use crate::context::{in_both, trace_of};
use crate::span::Clock;
use crate::{Span, Tracer, TracerProvider};

/// The tracer of one of this crate's own instrumentations, whose attributes follow these conventions.
pub(crate) fn tracer(provider: &TracerProvider, scope: &'static str) -> Tracer {
    let scope = InstrumentationScope::builder(scope)
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url("https://opentelemetry.io/schemas/1.37.0")
        .build();
    opentelemetry::trace::TracerProvider::tracer_with_scope(provider, scope)
}

/// The `error.type` of work that was dropped before it was over.
pub(crate) const CANCELLED: &str = "cancelled";

/// The `error.type` of work that panicked, with which the span marks itself.
pub(crate) const PANICKED: &str = "panicked";

/// A span, recorded or not, in the context that its work runs in. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct ActiveSpan {
    context: Context,
    trace: Option<TraceContext>,
    recorded: bool,
    /// Whether a panic that drops it is its own work's: somebody works while holding it, and not inside of [`Self::in_scope`].
    held: bool,
}

impl ActiveSpan {
    /// Begins a span below `parent`, if it has one. Where the span is not recorded nothing is built but its ids.
    pub(crate) fn begin(
        tracer: &Tracer,
        parent: &Context,
        name: Cow<'_, str>,
        kind: SpanKind,
        first: impl FnOnce(&mut Span),
    ) -> Self {
        Self::begin_at(tracer, parent, name, kind, Clock::now(), first)
    }

    /// The same, begun when `clock` was read.
    pub(crate) fn begin_at(
        tracer: &Tracer,
        parent: &Context,
        name: Cow<'_, str>,
        kind: SpanKind,
        clock: Clock,
        first: impl FnOnce(&mut Span),
    ) -> Self {
        match Self::begin_recorded(tracer, parent, name, kind, clock, first) {
            Ok(span) => span,
            Err(span) => Self {
                trace: trace_of(&span),
                context: parent.with_remote_span_context(span),
                recorded: false,
                held: false,
            },
        }
    }

    /// The same, or the context of the span if it is not recorded: nobody samples it, or telemetry is suppressed, as where an
    /// exporter works.
    pub(crate) fn begin_recorded(
        tracer: &Tracer,
        parent: &Context,
        name: Cow<'_, str>,
        kind: SpanKind,
        clock: Clock,
        first: impl FnOnce(&mut Span),
    ) -> Result<Self, SpanContext> {
        let span = parent.span();
        let above = span.span_context();
        let decision = if parent.is_telemetry_suppressed() {
            tracer.provider().decide_against(Some(above))
        } else {
            tracer.provider().decide(Some(above), &name, &kind)
        };
        let state = above.trace_state().clone();
        if !decision.recording {
            return Err(decision.span_context(state));
        }
        let mut span = tracer.start_decided(&decision, state, name.into_owned(), &kind, clock);
        first(&mut span);
        let context = parent.with_span(span);
        let trace = trace_of(context.span().span_context());
        Ok(Self {
            context,
            trace,
            recorded: true,
            held: false,
        })
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// From now on, a panic that drops the span is one of its work, or is not.
    pub(crate) fn held(mut self, held: bool) -> Self {
        // One that has begun before is somebody else's.
        self.held = held && !thread::panicking();
        self
    }

    pub(crate) fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Runs foreign code inside the span; a panic of it marks the span.
    pub(crate) fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        // Alive exactly while `f` runs: a panic is told from a drop by it, and not by `thread::panicking()`, which is true as well
        // where something else panics and drops this.
        let sentry = PanicSentry(self);
        let result = in_both(&self.context, self.trace, f);
        std::mem::forget(sentry); // holds a reference only
        result
    }

    pub(crate) fn set(&self, key: &'static str, value: impl Into<Value>) {
        if self.recorded {
            self.context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    pub(crate) fn event(&self, name: &'static str, attributes: impl FnOnce() -> Vec<KeyValue>) {
        if self.recorded {
            self.context.span().add_event(name, attributes());
        }
    }

    pub(crate) fn link(&self, to: SpanContext) {
        if self.recorded {
            self.context.span().add_link(to, Vec::new());
        }
    }

    /// Marks the span: `error.type`, and the status `Error` with a description, which may be empty.
    pub(crate) fn fail(
        &self,
        error_type: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) {
        if self.recorded {
            let error_type: Value = match error_type.into() {
                Cow::Borrowed(text) => text.into(),
                Cow::Owned(text) => text.into(),
            };
            self.set("error.type", error_type);
            self.context.span().set_status(Status::error(description));
        }
    }

    /// Ends it, also for those who have kept its context.
    pub(crate) fn end_now(&self) {
        if self.recorded {
            self.context.span().end();
        }
    }
}

struct PanicSentry<'a>(&'a ActiveSpan);

impl Drop for PanicSentry<'_> {
    fn drop(&mut self) {
        self.0.fail(PANICKED, "");
    }
}

impl Drop for ActiveSpan {
    fn drop(&mut self) {
        if self.held && thread::panicking() {
            self.fail(PANICKED, "");
        }
        self.end_now();
    }
}

pin_project! {
    /// A future that runs inside its span, and gives the span back with its output. Dropped before that, it ends the span as
    /// cancelled, or as panicked.
    #[derive(Debug)]
    pub(crate) struct InSpan<F> {
        span: Option<ActiveSpan>,
        // Set around each poll: still set in a future that has panicked.
        polling: bool,
        // Empty only once it is over or dropped, so that the drop happens inside the span.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InSpan<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            match this.span.take() {
                None => this.future.set(None),
                Some(span) => {
                    span.in_scope(|| this.future.set(None));
                    if !*this.polling {
                        span.fail(CANCELLED, "");
                    }
                }
            }
        }
    }
}

impl<F: Future> InSpan<F> {
    /// Without a span the future runs as it is.
    pub(crate) fn new(span: Option<ActiveSpan>, future: F) -> Self {
        Self {
            span,
            polling: false,
            future: Some(future),
        }
    }

    pub(crate) fn poll_inside(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<(F::Output, Option<ActiveSpan>)> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Pending; // polled again after it was over
        };
        *this.polling = true;
        let polled = match &*this.span {
            Some(span) => span.in_scope(|| future.poll(cx)),
            None => future.poll(cx),
        };
        *this.polling = false;
        polled.map(|output| {
            if let Some(span) = &*this.span {
                span.in_scope(|| this.future.set(None));
            }
            (output, this.span.take())
        })
    }
}
