//! A span processor of `opentelemetry_sdk`.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::Span as _;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData};

use crate::encode::AttributeValue;
use crate::encode::span::{Header, Recording, Trailer};
use crate::span::{nanos, pool};
use crate::testing::SpanRecorder;
use crate::{SpanLimits, Telemetry, TracerProvider};

/// How long `force_flush` may take, which has no argument for it.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(30);

/// Brings the spans of an `opentelemetry_sdk` provider to this crate's exporter, with its bounds and counts: for those who have
/// such a provider already.
///
/// The provider samples and limits; what is not sampled is not exported. The resource is the telemetry's, and the provider's is
/// not sent. Shutting the provider down sends what has ended, and leaves the telemetry running.
///
/// ```
/// use omtx_tracing::testing::SpanRecorder;
/// use opentelemetry::trace::{Tracer, TracerProvider};
/// use opentelemetry_sdk::trace::SdkTracerProvider;
///
/// let recorder = SpanRecorder::new(); // in a service: `telemetry.span_processor()`
/// let provider = SdkTracerProvider::builder().with_span_processor(recorder.span_processor()).build();
/// provider.tracer("billing").in_span("charge", |_cx| { /* … */ });
/// assert_eq!(recorder.span("charge").scope().name(), "billing");
/// ```
pub struct SpanProcessor {
    spans: TracerProvider,
    /// For what only the exporter can do; a recorder has none.
    telemetry: Option<Telemetry>,
    limits: SpanLimits,
    /// Spans that were begun and have not ended.
    open: AtomicU64,
}

impl SpanProcessor {
    fn new(spans: TracerProvider, telemetry: Option<Telemetry>) -> Self {
        Self {
            // What is counted was limited by the provider, which has counted it already.
            limits: spans
                .limits()
                .attributes(u32::MAX)
                .events(u32::MAX)
                .links(u32::MAX)
                .event_attributes(u32::MAX)
                .link_attributes(u32::MAX),
            spans,
            telemetry,
            open: AtomicU64::new(0),
        }
    }

    /// One less is open, unless none was counted.
    fn close_one(&self) {
        let _ = self
            .open
            .fetch_update(Relaxed, Relaxed, |open| open.checked_sub(1));
    }
}

impl opentelemetry_sdk::trace::SpanProcessor for SpanProcessor {
    fn on_start(&self, span: &mut Span, _: &Context) {
        if let Some(sink) = self.spans.sink() {
            if span.span_context().is_sampled() {
                sink.created();
                self.open.fetch_add(1, Relaxed);
            }
        }
    }

    fn on_end(&self, span: SpanData) {
        let Some(sink) = self.spans.sink() else {
            return;
        };
        if !span.span_context.is_sampled() {
            return;
        }
        self.close_one();
        let (message, cuts) = encode(&span, &self.limits);
        self.spans.count_truncated(cuts);
        sink.push(sink.scope(&span.instrumentation_scope), &message);
        pool::put(message);
    }

    fn force_flush(&self) -> OTelSdkResult {
        flush(self.telemetry.as_ref(), FLUSH_TIMEOUT)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        // The provider tells of no end any more.
        if let Some(sink) = self.spans.sink() {
            sink.lost(self.open.swap(0, Relaxed));
        }
        flush(self.telemetry.as_ref(), timeout)
    }
}

fn flush(telemetry: Option<&Telemetry>, timeout: Duration) -> OTelSdkResult {
    if telemetry.is_none_or(|telemetry| telemetry.flush(timeout).is_complete()) {
        Ok(())
    } else {
        Err(OTelSdkError::Timeout(timeout))
    }
}

/// The message, and how many values were cut for it.
pub(super) fn encode(span: &SpanData, limits: &SpanLimits) -> (Vec<u8>, u64) {
    let header = Header {
        context: &span.span_context,
        parent_span_id: span.parent_span_id,
        parent_is_remote: span.parent_span_is_remote,
        kind: &span.span_kind,
        start: nanos(span.start_time),
    };
    let mut recording = Recording::new(pool::take(), &header);
    for attribute in &span.attributes {
        let value = AttributeValue::from(&attribute.value);
        recording.attribute(attribute.key.as_str(), value, limits);
    }
    for event in span.events.iter() {
        recording.event(
            &event.name,
            nanos(event.timestamp),
            &event.attributes,
            event.dropped_attributes_count,
            limits,
        );
    }
    for link in span.links.iter() {
        recording.link(link, limits);
    }
    recording.dropped(
        span.dropped_attributes_count,
        span.events.dropped_count,
        span.links.dropped_count,
    );
    let message = recording.finish(&Trailer {
        name: &span.name,
        status: &span.status,
        end: nanos(span.end_time),
    });
    (message, recording.cuts())
}

impl fmt::Debug for SpanProcessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanProcessor")
            .field("open", &self.open.load(Relaxed))
            .finish_non_exhaustive()
    }
}

impl Telemetry {
    /// A processor for an `opentelemetry_sdk` provider, whose spans are exported with this telemetry's; see [`SpanProcessor`].
    ///
    /// ```
    /// use opentelemetry_sdk::trace::SdkTracerProvider;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = omtx_tracing::Telemetry::builder("hub").build()?;
    /// let provider = SdkTracerProvider::builder().with_span_processor(telemetry.span_processor()).build();
    /// assert!(provider.force_flush().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn span_processor(&self) -> SpanProcessor {
        SpanProcessor::new(self.tracer_provider().clone(), Some(self.clone()))
    }
}

impl SpanRecorder {
    /// A processor for an `opentelemetry_sdk` provider, whose spans are kept here; see [`SpanProcessor`].
    #[must_use]
    pub fn span_processor(&self) -> SpanProcessor {
        SpanProcessor::new(self.provider(), None)
    }
}
