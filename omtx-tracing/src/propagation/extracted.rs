//! What the headers of one message said.

use omtx_context::TraceContext;
use opentelemetry::Context;
use opentelemetry::baggage::{Baggage, BaggageExt};
use opentelemetry::trace::{SpanContext, TraceContextExt};

use super::b3::Debug;
use super::tracestate::Verbatim;

/// What the headers of one message said: the remote parent, and baggage.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use omtx_tracing::Propagators;
/// use opentelemetry::Context;
/// use opentelemetry::baggage::BaggageExt;
/// use opentelemetry::trace::TraceContextExt;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("traceparent", HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"));
/// headers.insert("baggage", HeaderValue::from_static("tenant=acme"));
///
/// let extracted = Propagators::default().extract_headers(&headers);
/// assert_eq!(extracted.trace().unwrap().to_string(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03");
///
/// let context = extracted.into_context(&Context::new());
/// assert!(context.span().span_context().is_remote());
/// assert_eq!(context.baggage().get("tenant").unwrap().as_str(), "acme");
/// ```
#[derive(Debug, Default)]
pub struct Extracted {
    pub(crate) span_context: Option<SpanContext>,
    pub(super) verbatim: Option<Verbatim>,
    pub(super) debug: Option<Debug>,
    pub(super) baggage: Option<Baggage>,
}

impl Extracted {
    /// The remote parent: valid and [remote](SpanContext::is_remote); `None` where no header named one, or only malformed ones
    /// did.
    #[must_use]
    pub fn span_context(&self) -> Option<&SpanContext> {
        self.span_context.as_ref()
    }

    /// Its ids alone.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        crate::context::trace_of(self.span_context.as_ref()?)
    }

    /// The baggage; `None` where there was none.
    #[must_use]
    pub fn baggage(&self) -> Option<&Baggage> {
        self.baggage.as_ref()
    }

    /// `context` with the remote parent as its span, and the baggage.
    #[must_use]
    pub fn into_context(mut self, context: &Context) -> Context {
        match self.span_context.take() {
            Some(parent) => self.carry_into(context.with_remote_span_context(parent)),
            None => self.carry_into(context.clone()),
        }
    }

    /// `context`, which has the right span already, with everything else that was extracted: the baggage, and what a format
    /// keeps for the next hop. Free of allocations where there is nothing of it.
    #[must_use]
    pub fn carry_into(self, mut context: Context) -> Context {
        if let Some(baggage) = self.baggage {
            context = context.with_baggage(baggage);
        }
        if let Some(verbatim) = self.verbatim {
            context = context.with_value(verbatim);
        }
        if let Some(debug) = self.debug {
            context = context.with_value(debug);
        }
        context
    }
}
