//! A span, from its start to its end.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::thread;
use std::time::{Instant, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::trace::{Event, Link, SpanContext, SpanKind, SpanRef, Status};

use super::{Clock, Decision, Tracer, pool};
use crate::active::PANICKED;
use crate::encode::AttributeValue;
use crate::encode::span::{Header, Recording, Trailer};

/// One operation of a trace. It ends when [`end`](opentelemetry::trace::Span::end) is called or it is dropped, whichever comes
/// first; after that it ignores what is recorded. From [`Tracer`].
///
/// - What is recorded is encoded at once, for the wire; the bounds are those of [`SpanLimits`](crate::SpanLimits).
/// - Of an attribute that is set twice, the last value stays. An empty key is dropped and counted.
/// - `Ok` is final; `Error` replaces an earlier `Error`, unless it comes without a description; `Unset` changes nothing.
/// - The start is the wall clock's, the end is the start and what the monotonic clock says has passed, also where the caller
///   gives an end that was read from a wall clock that has been set in between. It never lies before the start.
/// - Dropped by a panic that began after it did, and not ended before, it has the status `Error` and `error.type="panicked"`.
/// - Names and descriptions longer than 16 KiB are cut.
pub struct Span {
    context: SpanContext,
    open: Option<Open>,
}

/// A span that is recorded and has not ended.
struct Open {
    tracer: Tracer,
    recording: Recording,
    name: Cow<'static, str>,
    status: Status,
    clock: Clock,
    start: u64,
    /// Whether its thread was unwinding when it began, so that its drop says nothing.
    unwinding: bool,
}

impl Span {
    pub(super) fn open(
        tracer: Tracer,
        context: SpanContext,
        decision: &Decision,
        name: Cow<'static, str>,
        kind: &SpanKind,
        clock: Clock,
        start: u64,
    ) -> Self {
        let header = Header {
            context: &context,
            parent_span_id: decision.parent_span_id,
            parent_is_remote: decision.parent_is_remote,
            kind,
            start,
        };
        let recording = Recording::new(pool::take(), &header);
        Self {
            context,
            open: Some(Open {
                tracer,
                recording,
                name,
                status: Status::Unset,
                clock,
                start,
                unwinding: thread::panicking(),
            }),
        }
    }

    pub(super) fn not_recorded(context: SpanContext) -> Self {
        Self {
            context,
            open: None,
        }
    }

    /// What a builder brought along.
    pub(super) fn set_first(&mut self, attributes: &[KeyValue], events: &[Event], links: &[Link]) {
        let Some(open) = &mut self.open else { return };
        let limits = open.tracer.provider().limits();
        for KeyValue { key, value, .. } in attributes {
            let value = AttributeValue::from(value);
            open.recording.attribute(key.as_str(), value, limits);
        }
        for event in events {
            open.recording.event(
                &event.name,
                super::nanos(event.timestamp),
                &event.attributes,
                event.dropped_attributes_count,
                limits,
            );
        }
        for link in links {
            open.recording.link(link, limits);
        }
    }

    /// Sets an attribute that is borrowed from whoever has it: nothing is allocated but room in the span.
    pub(crate) fn attribute<'a>(&mut self, key: &str, value: impl Into<AttributeValue<'a>>) {
        if let Some(open) = &mut self.open {
            let limits = open.tracer.provider().limits();
            open.recording.attribute(key, value.into(), limits);
        }
    }
}

/// What [`end_at`] knows of a span's end.
#[derive(Clone, Copy)]
struct End {
    instant: Instant,
    description: &'static str,
}

thread_local! {
    static END: Cell<Option<End>> = const { Cell::new(None) };
}

/// Ends the span of a context at an instant that the caller has read anyway; if its status is an error that nobody has described,
/// then so.
///
/// A [`SpanRef`] cannot be asked for the span behind it, nor for its status, and says when it ends by the wall clock only: three
/// readings of clocks, for a time that is known. So both are left where the span, which is called on this thread, looks for them.
#[cfg(feature = "http")]
pub(crate) fn end_at(span: &SpanRef<'_>, instant: Instant, description: &'static str) {
    END.set(Some(End {
        instant,
        description,
    }));
    span.end_with_timestamp(SystemTime::UNIX_EPOCH);
    // It is still there if the span has ended before, or is not ours.
    END.set(None);
}

impl Open {
    fn end(&mut self, end: u64) {
        let Some(sink) = self.tracer.provider().sink() else {
            return; // not reachable: without a sink no span is opened
        };
        let message = self.recording.finish(&Trailer {
            name: &self.name,
            status: &self.status,
            end: end.max(self.start),
        });
        self.tracer
            .provider()
            .count_truncated(self.recording.cuts());
        sink.push(self.tracer.scope(), &message);
        pool::put(message);
    }

    fn end_now(&mut self) {
        self.end(self.clock.nanos_at(Instant::now()));
    }

    /// Describes an error that nobody has described.
    fn describe(&mut self, reason: &'static str) {
        if let Status::Error { description } = &mut self.status {
            if description.is_empty() {
                *description = Cow::Borrowed(reason);
            }
        }
    }

    fn mark_panic(&mut self) {
        if !self.recording.has("error.type") {
            let limits = self.tracer.provider().limits();
            self.recording
                .attribute("error.type", AttributeValue::Str(PANICKED), limits);
        }
        if self.status == Status::Unset {
            self.status = Status::error("panicked");
        }
    }
}

impl opentelemetry::trace::Span for Span {
    fn add_event<T>(&mut self, name: T, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        if let Some(open) = &mut self.open {
            let time = open.clock.nanos_at(Instant::now());
            let limits = open.tracer.provider().limits();
            open.recording
                .event(&name.into(), time, &attributes, 0, limits);
        }
    }

    fn add_event_with_timestamp<T>(
        &mut self,
        name: T,
        timestamp: SystemTime,
        attributes: Vec<KeyValue>,
    ) where
        T: Into<Cow<'static, str>>,
    {
        if let Some(open) = &mut self.open {
            let time = open.clock.without_steps(timestamp);
            let limits = open.tracer.provider().limits();
            open.recording
                .event(&name.into(), time, &attributes, 0, limits);
        }
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.open.is_some()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        self.attribute(attribute.key.as_str(), &attribute.value);
    }

    fn set_status(&mut self, status: Status) {
        let Some(open) = &mut self.open else { return };
        let is_told_already = match &status {
            Status::Unset => true,
            Status::Error { description } if description.is_empty() => {
                matches!(open.status, Status::Error { .. })
            }
            _ => false,
        };
        if open.status != Status::Ok && !is_told_already {
            open.status = status;
        }
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        if let Some(open) = &mut self.open {
            open.name = new_name.into();
        }
    }

    fn add_link(&mut self, span_context: SpanContext, attributes: Vec<KeyValue>) {
        if let Some(open) = &mut self.open {
            let limits = open.tracer.provider().limits();
            let link = Link::new(span_context, attributes, 0);
            open.recording.link(&link, limits);
        }
    }

    fn end(&mut self) {
        if let Some(open) = &mut self.open {
            open.end_now();
            self.open = None;
        }
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        if let Some(open) = &mut self.open {
            let end = match END.take() {
                Some(end) => {
                    open.describe(end.description);
                    open.clock.nanos_at(end.instant)
                }
                None => open.clock.without_steps(timestamp),
            };
            open.end(end);
            self.open = None;
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(open) = &mut self.open {
            if thread::panicking() && !open.unwinding {
                open.mark_panic();
            }
            open.end_now();
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Span");
        out.field("context", &self.context);
        if let Some(open) = &self.open {
            out.field("name", &open.name);
        }
        out.field("recording", &self.open.is_some()).finish()
    }
}
