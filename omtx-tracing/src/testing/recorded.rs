//! A span that has ended, read back from the bytes that would have gone over the wire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{
    Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Array, InstrumentationScope, KeyValue, Value};
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::trace::v1 as proto;

/// A span that has ended, read back from the bytes that would have gone over the wire. From
/// [`SpanRecorder`](super::SpanRecorder).
#[derive(Clone, Debug)]
pub struct RecordedSpan {
    scope: InstrumentationScope,
    context: SpanContext,
    parent_span_id: Option<SpanId>,
    kind: SpanKind,
    status: Status,
    attributes: Vec<KeyValue>,
    events: Vec<Event>,
    links: Vec<Link>,
    proto: proto::Span,
}

impl RecordedSpan {
    pub(super) fn new(scope: InstrumentationScope, span: proto::Span) -> Self {
        let event = |event: &proto::span::Event| {
            Event::new(
                event.name.clone(),
                time(event.time_unix_nano),
                key_values(&event.attributes),
                event.dropped_attributes_count,
            )
        };
        let link = |link: &proto::span::Link| {
            Link::new(
                context(
                    &link.trace_id,
                    &link.span_id,
                    link.flags,
                    link.flags & 0x200 != 0,
                    &link.trace_state,
                ),
                key_values(&link.attributes),
                link.dropped_attributes_count,
            )
        };
        Self {
            scope,
            context: context(
                &span.trace_id,
                &span.span_id,
                span.flags,
                false,
                &span.trace_state,
            ),
            parent_span_id: (!span.parent_span_id.is_empty()).then(|| id(&span.parent_span_id)),
            kind: match span.kind() {
                proto::span::SpanKind::Server => SpanKind::Server,
                proto::span::SpanKind::Client => SpanKind::Client,
                proto::span::SpanKind::Producer => SpanKind::Producer,
                proto::span::SpanKind::Consumer => SpanKind::Consumer,
                _ => SpanKind::Internal,
            },
            status: match span
                .status
                .as_ref()
                .map(|status| (status.code, &status.message))
            {
                Some((1, _)) => Status::Ok,
                Some((2, message)) => Status::error(message.clone()),
                _ => Status::Unset,
            },
            attributes: key_values(&span.attributes),
            events: span.events.iter().map(event).collect(),
            links: span.links.iter().map(link).collect(),
            proto: span,
        }
    }

    /// The scope of the tracer that began it.
    #[must_use]
    pub fn scope(&self) -> &InstrumentationScope {
        &self.scope
    }

    /// Its ids, flags and tracestate.
    #[must_use]
    pub fn span_context(&self) -> &SpanContext {
        &self.context
    }

    /// The trace that it belongs to.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.context.trace_id()
    }

    /// Its own id.
    #[must_use]
    pub fn span_id(&self) -> SpanId {
        self.context.span_id()
    }

    /// The parent's id; `None` if it began the trace.
    #[must_use]
    pub fn parent_span_id(&self) -> Option<SpanId> {
        self.parent_span_id
    }

    /// Whether the parent is in another process.
    #[must_use]
    pub fn parent_is_remote(&self) -> bool {
        self.proto.flags & 0x200 != 0
    }

    /// Its name at the end.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.proto.name
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &SpanKind {
        &self.kind
    }

    /// Its status at the end.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// When it began.
    #[must_use]
    pub fn start_time(&self) -> SystemTime {
        time(self.proto.start_time_unix_nano)
    }

    /// When it ended.
    #[must_use]
    pub fn end_time(&self) -> SystemTime {
        time(self.proto.end_time_unix_nano)
    }

    /// Its attributes, those that were changed behind the others.
    #[must_use]
    pub fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    /// The value of one attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        let found = self
            .attributes
            .iter()
            .find(|attribute| attribute.key.as_str() == key);
        found.map(|attribute| &attribute.value)
    }

    /// Its events, in the order in which they were added.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Its links, in the order in which they were added.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// How many attributes the limits kept out.
    #[must_use]
    pub fn dropped_attributes_count(&self) -> u32 {
        self.proto.dropped_attributes_count
    }

    /// How many events the limits kept out.
    #[must_use]
    pub fn dropped_events_count(&self) -> u32 {
        self.proto.dropped_events_count
    }

    /// How many links the limits kept out.
    #[must_use]
    pub fn dropped_links_count(&self) -> u32 {
        self.proto.dropped_links_count
    }
}

fn time(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

fn id(bytes: &[u8]) -> SpanId {
    SpanId::from_bytes(bytes.try_into().unwrap_or_default())
}

fn context(
    trace_id: &[u8],
    span_id: &[u8],
    flags: u32,
    is_remote: bool,
    trace_state: &str,
) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(trace_id.try_into().unwrap_or_default()),
        id(span_id),
        TraceFlags::new(flags as u8),
        is_remote,
        trace_state.parse().unwrap_or(TraceState::NONE),
    )
}

fn key_values(attributes: &[common::KeyValue]) -> Vec<KeyValue> {
    let key_value = |attribute: &common::KeyValue| {
        let value = attribute
            .value
            .as_ref()
            .and_then(|value| value.value.as_ref());
        KeyValue::new(attribute.key.clone(), value.map_or("".into(), any_value))
    };
    attributes.iter().map(key_value).collect()
}

fn any_value(value: &common::any_value::Value) -> Value {
    use common::any_value::Value as Any;
    match value {
        Any::BoolValue(value) => Value::Bool(*value),
        Any::IntValue(value) => Value::I64(*value),
        Any::DoubleValue(value) => Value::F64(*value),
        Any::StringValue(value) => value.clone().into(),
        Any::ArrayValue(array) => array_value(array),
        other => format!("{other:?}").into(), // no span has one
    }
}

/// Arrays of spans have values of one kind; an empty one has lost which.
fn array_value(array: &common::ArrayValue) -> Value {
    let values: Vec<_> = array
        .values
        .iter()
        .filter_map(|value| value.value.as_ref().map(any_value))
        .collect();
    let mut out = match values.first() {
        Some(Value::Bool(_)) => Array::Bool(Vec::new()),
        Some(Value::I64(_)) => Array::I64(Vec::new()),
        Some(Value::F64(_)) => Array::F64(Vec::new()),
        _ => Array::String(Vec::new()),
    };
    for value in values {
        match (&mut out, value) {
            (Array::Bool(out), Value::Bool(value)) => out.push(value),
            (Array::I64(out), Value::I64(value)) => out.push(value),
            (Array::F64(out), Value::F64(value)) => out.push(value),
            (Array::String(out), Value::String(value)) => out.push(value),
            _ => {}
        }
    }
    Value::Array(out)
}
