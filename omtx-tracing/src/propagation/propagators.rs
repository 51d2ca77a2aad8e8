//! The formats that are in use, and what they do together.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};

use super::carrier::{self, Carrier, Headers, Sink, Source};
use super::extracted::Extracted;
use super::propagator::Propagator;
use super::rejected::{Rejected, RejectedHeaders};
use super::{b3, baggage, trace_context};

/// The formats in which contexts are read from what comes in and written to what goes out; W3C Trace Context and Baggage by
/// default. Cheap to clone; clones share their [counts](Self::rejected).
///
/// Headers are read as bytes and never fail a request: what is malformed is discarded and [counted](Self::rejected), in time
/// and memory that do not grow with what a stranger sends.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use omtx_tracing::Propagators;
/// use opentelemetry::Context;
///
/// let propagators = Propagators::default();
/// let mut incoming = HeaderMap::new();
/// incoming.insert("traceparent", HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
/// incoming.insert("tracestate", HeaderValue::from_static("congo=t61rcWkgMzE"));
///
/// let context = propagators.extract_headers(&incoming).into_context(&Context::new());
/// let mut outgoing = HeaderMap::new();
/// propagators.inject_headers(&context, &mut outgoing);
/// assert_eq!(outgoing, incoming);
/// ```
///
/// As a [`TextMapPropagator`] it can be OpenTelemetry's global one, and works with every carrier that implements
/// OpenTelemetry's traits:
///
/// ```
/// use omtx_tracing::{Propagator, Propagators};
/// use opentelemetry::propagation::TextMapPropagator;
/// use std::collections::HashMap;
///
/// let propagators = Propagators::new([Propagator::TraceContext, Propagator::B3]);
/// let message = HashMap::from([("b3".to_owned(), "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1".to_owned())]);
///
/// let mut next = HashMap::new();
/// propagators.inject_context(&propagators.extract(&message), &mut next);
/// assert_eq!(next["traceparent"], "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01");
/// ```
#[derive(Clone)]
pub struct Propagators {
    inner: Arc<Inner>,
}

struct Inner {
    formats: Vec<Propagator>,
    fields: Vec<String>,
    rejected: Rejected,
}

impl Propagators {
    /// These formats, each once, in this order. Where several name a parent, the last one counts, as with OpenTelemetry's
    /// composite propagator; where they name the same one, what W3C Trace Context says of it. Without any, nothing is read and
    /// nothing written.
    #[must_use]
    pub fn new(formats: impl IntoIterator<Item = Propagator>) -> Self {
        let mut once = Vec::new();
        for format in formats {
            if !once.contains(&format) {
                once.push(format);
            }
        }
        let fields = once.iter().flat_map(|format| format.fields());
        let fields = fields.map(|name| (*name).to_owned()).collect();
        Self {
            inner: Arc::new(Inner {
                formats: once,
                fields,
                rejected: Rejected::default(),
            }),
        }
    }

    /// The formats.
    #[must_use]
    pub fn formats(&self) -> &[Propagator] {
        &self.inner.formats
    }

    /// What was discarded since these propagators were made.
    #[must_use]
    pub fn rejected(&self) -> RejectedHeaders {
        self.inner.rejected.total()
    }

    /// Reads what came in.
    #[must_use]
    pub fn extract_headers(&self, headers: &HeaderMap) -> Extracted {
        self.extract_from(&Headers::new(headers))
    }

    /// The same from the headers of a message: any of OpenTelemetry's carriers, such as a `HashMap<String, String>`.
    #[must_use]
    pub fn extract_carrier(&self, carrier: &dyn Extractor) -> Extracted {
        self.extract_from(&Carrier(carrier))
    }

    /// Writes `context` into the headers of what goes out: its span if that is valid, recorded or not, and its baggage. What a
    /// former hop wrote there of the span is replaced, also in the other form of B3.
    pub fn inject_headers(&self, context: &Context, headers: &mut HeaderMap) {
        self.inject_into(context, context.span().span_context(), headers);
    }

    /// The same for a span that is not in the context.
    #[cfg(any(feature = "client", feature = "reqwest"))]
    pub(crate) fn inject_span(
        &self,
        context: &Context,
        span: &SpanContext,
        headers: &mut HeaderMap,
    ) {
        self.inject_into(context, span, headers);
    }

    /// The same into the headers of a message.
    pub fn inject_carrier(&self, context: &Context, carrier: &mut dyn Injector) {
        self.inject_into(
            context,
            context.span().span_context(),
            &mut Carrier(carrier),
        );
    }

    fn extract_from(&self, source: &impl Source) -> Extracted {
        let rejected = &self.inner.rejected;
        let mut found = Extracted::default();
        let mut b3_is_read = false;
        for format in self.formats() {
            match format {
                Propagator::TraceContext => {
                    if let Some((parent, verbatim)) = trace_context::extract(source, rejected) {
                        found.span_context = Some(parent);
                        found.verbatim = verbatim;
                    }
                }
                Propagator::Baggage => {
                    found.baggage = baggage::extract(source.values(&carrier::BAGGAGE), rejected);
                }
                Propagator::B3 | Propagator::B3Multi => {
                    if !std::mem::replace(&mut b3_is_read, true) {
                        if let Some((parent, debug)) = b3::extract(source, rejected) {
                            found.debug = debug;
                            // Where both name one parent, W3C Trace Context says more of it.
                            let known = found.span_context.as_ref().is_some_and(|known| {
                                known.trace_id() == parent.trace_id()
                                    && known.span_id() == parent.span_id()
                            });
                            if !known {
                                found.span_context = Some(parent);
                                found.verbatim = None;
                            }
                        }
                    }
                }
            }
        }
        found
    }

    fn inject_into(&self, context: &Context, span: &SpanContext, sink: &mut impl Sink) {
        let span = Some(span).filter(|span| span.is_valid());
        for format in self.formats() {
            match (format, span) {
                (Propagator::TraceContext, Some(span)) => {
                    trace_context::inject(span, context.get(), sink);
                }
                (Propagator::B3, Some(span)) => {
                    if !self.formats().contains(&Propagator::B3Multi) {
                        b3::remove_multi(sink);
                    }
                    b3::inject_single(span, context.get(), sink);
                }
                (Propagator::B3Multi, Some(span)) => {
                    if !self.formats().contains(&Propagator::B3) {
                        b3::remove_single(sink);
                    }
                    b3::inject_multi(span, context.get(), sink);
                }
                (Propagator::Baggage, _) => {
                    if let Some(header) = baggage::header(context.baggage(), &self.inner.rejected) {
                        sink.put(&carrier::BAGGAGE, header);
                    }
                }
                (_, None) => {}
            }
        }
    }
}

impl Default for Propagators {
    /// W3C Trace Context and Baggage: what `OTEL_PROPAGATORS` is by default.
    fn default() -> Self {
        Self::new([Propagator::TraceContext, Propagator::Baggage])
    }
}

impl fmt::Debug for Propagators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Propagators").field(&self.formats()).finish()
    }
}

impl TextMapPropagator for Propagators {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        self.inject_carrier(context, injector);
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        self.extract_carrier(extractor).into_context(context)
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.inner.fields)
    }
}
