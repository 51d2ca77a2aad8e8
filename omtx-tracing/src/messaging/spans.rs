//! Where spans of messages begin.

use std::borrow::Cow;

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::SpanKind;

use super::{Consume, MessageSpan};
use crate::active::ActiveSpan;
use crate::{Propagators, Telemetry, Tracer, TracerProvider, context};

/// Makes the spans of messages that go through one system. From [`Telemetry::messaging`]; cheap to clone.
#[derive(Clone, Debug)]
pub struct Messaging {
    tracer: Tracer,
    propagators: Propagators,
    system: Cow<'static, str>,
    consume: Consume,
}

impl Messaging {
    /// Spans of this provider, contexts in these formats, and the `messaging.system`: `redis`, `kafka`, `rabbitmq`.
    #[must_use]
    pub fn new(
        provider: &TracerProvider,
        propagators: &Propagators,
        system: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            tracer: crate::active::tracer(provider, "omtx_tracing::messaging"),
            propagators: propagators.clone(),
            system: system.into(),
            consume: Consume::default(),
        }
    }

    /// How [`process`](Self::process) belongs to the sender's trace; [`Consume::Continue`] by default.
    #[must_use]
    pub fn consume(mut self, consume: Consume) -> Self {
        self.consume = consume;
        self
    }

    /// Begins the span of sending a message, below the current one, and writes its context into the message's headers: with or
    /// without a span, but not where telemetry is suppressed, as in an exporter that sends through the same queue.
    ///
    /// The destination is part of the span's name: one of few, such as a queue's name.
    pub fn send(&self, destination: &str, headers: &mut impl Injector) -> MessageSpan {
        let current = context::current();
        let span = self.begin(&current, "send", destination, SpanKind::Producer);
        if !current.is_telemetry_suppressed() {
            self.propagators.inject_carrier(span.context(), headers);
        }
        MessageSpan::new(span)
    }

    /// Begins the span of working on a message that came with these headers.
    ///
    /// The destination is part of the span's name: one of few, such as a queue's name.
    pub fn process(&self, destination: &str, headers: &impl Extractor) -> MessageSpan {
        // Of what surrounds the consumer nothing is the sender's; that telemetry is suppressed is not either, but it holds.
        let around = match Context::is_current_telemetry_suppressed() {
            true => Context::new().with_telemetry_suppressed(),
            false => Context::new(),
        };
        let sender = self
            .propagators
            .extract_carrier(headers)
            .into_context(&around);
        let (parent, link) = self.consume.parent(&sender);
        let span = self.begin(&parent, "process", destination, SpanKind::Consumer);
        if let Some(sender) = link {
            span.link(sender);
        }
        MessageSpan::new(span)
    }

    /// Begins the span of working on several messages at once, below the current one, with a link to each of their senders, as
    /// many as the [limits](crate::SpanLimits::links) allow. Where it is not recorded, the messages are not looked at.
    ///
    /// ```
    /// use omtx_tracing::Telemetry;
    /// use std::collections::HashMap;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// # struct Message { headers: HashMap<String, String> }
    /// # let messages: Vec<Message> = Vec::new();
    /// let messaging = Telemetry::builder("hub").build()?.messaging("kafka");
    /// let processing = messaging.process_batch("analysis", messages.iter().map(|message| &message.headers));
    /// # processing.end();
    /// # Ok(())
    /// # }
    /// ```
    pub fn process_batch<'h, H: Extractor + 'h>(
        &self,
        destination: &str,
        messages: impl IntoIterator<Item = &'h H>,
    ) -> MessageSpan {
        let span = self.begin(
            &context::current(),
            "process",
            destination,
            SpanKind::Consumer,
        );
        let mut count = 0i64;
        // Nobody would see the links otherwise.
        if span.is_recorded() {
            for headers in messages {
                count += 1;
                if let Some(sender) = self.propagators.extract_carrier(headers).span_context {
                    span.link(sender);
                }
            }
        }
        MessageSpan::new(span).attribute("messaging.batch.message_count", count)
    }

    fn begin(
        &self,
        parent: &Context,
        operation: &'static str,
        destination: &str,
        kind: SpanKind,
    ) -> ActiveSpan {
        let name = format!("{operation} {destination}");
        ActiveSpan::begin(&self.tracer, parent, name.into(), kind, |span| {
            span.attribute("messaging.system", &*self.system);
            span.attribute("messaging.operation.name", operation);
            span.attribute("messaging.operation.type", operation);
            span.attribute("messaging.destination.name", destination);
        })
    }
}

impl Telemetry {
    /// Makes the spans of messages that go through one system (`messaging.system`: `redis`, `kafka`, `rabbitmq`); see
    /// [`messaging`](crate::messaging).
    #[must_use]
    pub fn messaging(&self, system: impl Into<Cow<'static, str>>) -> Messaging {
        Messaging::new(self.tracer_provider(), self.propagators(), system)
    }

    /// Writes the current context into the headers of a message, without a span for it.
    ///
    /// ```
    /// use omtx_tracing::{Telemetry, context};
    /// use opentelemetry::trace::TraceContextExt;
    /// use std::collections::HashMap;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("hub").build()?;
    /// # let parent = HashMap::from([("traceparent".to_owned(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned())]);
    /// # let in_a_request = telemetry.extract_from(&parent);
    /// let mut headers = HashMap::new();
    /// context::in_scope(&in_a_request, || telemetry.inject_into(&mut headers));
    /// assert_eq!(headers["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    ///
    /// let context = telemetry.extract_from(&headers); // in the worker
    /// assert!(context.span().span_context().is_remote());
    /// # Ok(())
    /// # }
    /// ```
    pub fn inject_into(&self, headers: &mut impl Injector) {
        self.propagators()
            .inject_carrier(&context::current(), headers);
    }

    /// The context that came in the headers of a message: the sender's span as a remote one, and its baggage. Empty if there
    /// was none.
    #[must_use]
    pub fn extract_from(&self, headers: &impl Extractor) -> Context {
        self.propagators()
            .extract_carrier(headers)
            .into_context(&Context::new())
    }
}
