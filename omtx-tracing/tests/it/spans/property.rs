//! Any sequence of calls against a model of what the specification says.

use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{Sampler, SpanLimits};
use opentelemetry::trace::{Span, Status, Tracer, TracerProvider};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Call {
    Set(String, Value),
    Event(String, Vec<(String, i64)>),
    Status(u8, String),
    Rename(String),
}

/// Few keys, so that they meet, and hostile ones.
fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c]",
        2 => "http\\.[a-c]{1,2}",
        1 => any::<String>(),
        1 => Just("x".repeat(300)),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::I64),
        any::<bool>().prop_map(Value::Bool),
        (-1e300..1e300).prop_map(Value::F64),
        any::<String>().prop_map(|text| Value::String(text.into())),
        vec(any::<String>(), 1..4).prop_map(|texts| {
            Value::Array(Array::String(
                texts.into_iter().map(StringValue::from).collect(),
            ))
        }),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    prop_oneof![
        6 => (keys(), values()).prop_map(|(key, value)| Call::Set(key, value)),
        2 => (any::<String>(), vec((keys(), any::<i64>()), 0..6))
            .prop_map(|(name, attributes)| Call::Event(name, attributes)),
        1 => (0..3_u8, any::<String>()).prop_map(|(code, text)| Call::Status(code, text)),
        1 => any::<String>().prop_map(Call::Rename),
    ]
}

fn cut(value: &Value, characters: usize) -> Value {
    let cut = |text: &str| text.chars().take(characters).collect::<String>();
    match value {
        Value::String(text) => cut(text.as_str()).into(),
        Value::Array(Array::String(texts)) => {
            let texts = texts.iter().map(|text| cut(text.as_str()).into()).collect();
            Value::Array(Array::String(texts))
        }
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn a_span_holds_what_the_specification_says_of_any_sequence_of_calls(
        calls in vec(calls(), 0..40),
        max_attributes in 0..8_u32,
        max_events in 0..4_u32,
        max_event_attributes in 0..4_u32,
        length in 0..12_usize,
    ) {
        let limits = SpanLimits::default()
            .attributes(max_attributes)
            .events(max_events)
            .event_attributes(max_event_attributes)
            .value_length(length);
        let recorder = SpanRecorder::with(Sampler::always_on(), limits);
        let mut span = recorder.provider().tracer("t").start("first");

        let mut attributes: Vec<KeyValue> = Vec::new();
        let (mut dropped_attributes, mut events, mut dropped_events) = (0, Vec::new(), 0);
        let (mut status, mut name) = (Status::Unset, "first".to_owned());
        for call in calls {
            match call {
                Call::Set(key, value) => {
                    span.set_attribute(KeyValue::new(key.clone(), value.clone()));
                    let known = attributes.iter().position(|kv| kv.key.as_str() == key);
                    if key.is_empty() || (known.is_none() && attributes.len() >= max_attributes as usize) {
                        dropped_attributes += 1;
                        continue;
                    }
                    if let Some(known) = known {
                        attributes.remove(known);
                    }
                    attributes.push(KeyValue::new(key, cut(&value, length)));
                }
                Call::Event(event, pairs) => {
                    let pairs: Vec<_> = pairs
                        .into_iter()
                        .map(|(key, value)| KeyValue::new(key, value))
                        .collect();
                    span.add_event(event.clone(), pairs.clone());
                    if events.len() >= max_events as usize {
                        dropped_events += 1;
                        continue;
                    }
                    let kept = pairs.len().min(max_event_attributes as usize);
                    let mut unique: Vec<KeyValue> = Vec::new();
                    for pair in &pairs[..kept] {
                        unique.retain(|kv| kv.key != pair.key);
                        unique.push(pair.clone());
                    }
                    events.push((event, unique, (pairs.len() - kept) as u32));
                }
                Call::Status(code, text) => {
                    let new = match code {
                        0 => Status::Unset,
                        1 => Status::error(text),
                        _ => Status::Ok,
                    };
                    span.set_status(new.clone());
                    let says_more = match (&status, &new) {
                        (Status::Ok, _) | (_, Status::Unset) => false,
                        (Status::Error { .. }, Status::Error { description }) => {
                            !description.is_empty()
                        }
                        _ => true,
                    };
                    if says_more {
                        status = new;
                    }
                }
                Call::Rename(new) => {
                    span.update_name(new.clone());
                    name = new;
                }
            }
        }
        drop(span);

        let read = recorder.spans().pop().unwrap();
        prop_assert_eq!(read.attributes(), attributes);
        prop_assert_eq!(read.dropped_attributes_count(), dropped_attributes);
        let read_events: Vec<_> = read
            .events()
            .iter()
            .map(|event| {
                (event.name.to_string(), event.attributes.clone(), event.dropped_attributes_count)
            })
            .collect();
        prop_assert_eq!(read_events, events);
        prop_assert_eq!(read.dropped_events_count(), dropped_events);
        prop_assert_eq!(read.status(), &status);
        prop_assert_eq!(read.name(), name);
    }
}
