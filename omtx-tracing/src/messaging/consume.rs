//! Whose trace work belongs to.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};

/// How the work on a message belongs to the trace of whoever sent it.
///
/// ```
/// use omtx_tracing::messaging::{Consume, Messaging};
/// use omtx_tracing::{Propagators, testing::SpanRecorder};
/// use std::collections::HashMap;
///
/// let recorder = SpanRecorder::new();
/// let messaging = Messaging::new(&recorder.provider(), &Propagators::default(), "redis");
/// let came = HashMap::from([("traceparent".to_owned(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned())]);
///
/// messaging.process("analysis", &came).end();
/// assert_eq!(recorder.span("process analysis").parent_span_id().unwrap().to_string(), "b7ad6b7169203331");
///
/// recorder.clear();
/// messaging.consume(Consume::Link).process("analysis", &came).end();
/// let span = recorder.span("process analysis");
/// assert_eq!(span.parent_span_id(), None);
/// assert_eq!(span.links()[0].span_context.span_id().to_string(), "b7ad6b7169203331");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Consume {
    /// The work is part of the sender's trace: its span is the parent. For work that is done soon, and once.
    #[default]
    Continue,
    /// The work is a trace of its own, with a link to the sender's span. For work that is done much later, often, or for many
    /// senders at once, whose traces it would stretch.
    Link,
}

impl Consume {
    /// The context that work for `sender` is done in, and what its span is to link to.
    pub(crate) fn parent(self, sender: &Context) -> (Context, Option<SpanContext>) {
        let span = sender.span().span_context().clone();
        match self {
            Self::Link if span.is_valid() => {
                // Everything else that the sender said, such as the baggage, stays.
                (
                    sender.with_remote_span_context(SpanContext::NONE),
                    Some(span),
                )
            }
            _ => (sender.clone(), None),
        }
    }
}
