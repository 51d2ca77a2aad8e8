//! A message that is being sent or worked on.

use std::borrow::Cow;

use opentelemetry::{Context, StringValue};

use super::RunMessage;
use crate::active::ActiveSpan;
use crate::{ErrorType, TypeName};

/// The span of a message that is being sent or worked on. It ends with what [`run`](Self::run) runs, or when it is dropped; a panic
/// that drops it marks it as `panicked`.
#[derive(Debug)]
#[must_use = "the span ends when it is dropped"]
pub struct MessageSpan {
    span: ActiveSpan,
}

impl MessageSpan {
    pub(super) fn new(span: ActiveSpan) -> Self {
        Self {
            span: span.held(true),
        }
    }

    /// Adds the message's id: `messaging.message.id`.
    pub fn message_id(self, id: impl Into<Cow<'static, str>>) -> Self {
        self.attribute("messaging.message.id", StringValue::from(id.into()))
    }

    /// Adds an attribute, or another value for it. Where nothing is recorded, it does nothing.
    pub fn attribute(self, key: &'static str, value: impl Into<opentelemetry::Value>) -> Self {
        self.span.set(key, value);
        self
    }

    /// The context with the span in it, for what it takes to record more.
    ///
    /// ```
    /// use omtx_tracing::Telemetry;
    /// use opentelemetry::trace::TraceContextExt;
    /// use std::collections::HashMap;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("hub").build()?;
    /// let processing = telemetry.messaging("redis").process("analysis", &HashMap::new());
    /// processing.context().span().add_event("checked", vec![]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn context(&self) -> &Context {
        self.span.context()
    }

    /// Runs a future inside the span, which ends with it: `Err` is an error whose `error.type` is its
    /// [kind or type](TypeName). A future that panics is `panicked`, and one that is dropped before it is over `cancelled`.
    pub fn run<F, T, E>(self, future: F) -> RunMessage<F, TypeName>
    where
        F: Future<Output = Result<T, E>>,
        E: 'static,
    {
        self.run_with(future, TypeName)
    }

    /// The same, and `error_type` says what an error is called.
    pub fn run_with<F, T, E, N>(self, future: F, error_type: N) -> RunMessage<F, N>
    where
        F: Future<Output = Result<T, E>>,
        N: ErrorType<E>,
    {
        RunMessage::new(self.span.held(false), future, error_type)
    }

    /// Runs a closure inside the span, which ends with it; the rest is as with [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// What `work` returns.
    pub fn run_blocking<T, E: 'static>(self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let result = self.span.in_scope(work);
        if let Err(error) = &result {
            self.span.fail(TypeName.error_type(error), "");
        }
        result
    }

    /// Marks the span as failed. The type is one of few; the description is for people, and may be empty.
    ///
    /// ```
    /// use omtx_tracing::messaging::Messaging;
    /// use omtx_tracing::{Propagators, testing::SpanRecorder};
    /// use std::collections::HashMap;
    ///
    /// let recorder = SpanRecorder::new();
    /// let messaging = Messaging::new(&recorder.provider(), &Propagators::default(), "redis");
    /// let processing = messaging.process("analysis", &HashMap::new());
    /// processing.fail("poisoned", "the body is no FASTA");
    /// processing.end();
    /// assert_eq!(recorder.span("process analysis").attribute("error.type"), Some(&"poisoned".into()));
    /// ```
    pub fn fail(&self, error_type: &'static str, description: impl Into<Cow<'static, str>>) {
        self.span.fail(error_type, description);
    }

    /// Ends the span, as dropping it does.
    pub fn end(self) {
        self.span.end_now();
    }
}
