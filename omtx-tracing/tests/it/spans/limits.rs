use omtx_tracing::testing::{RecordedSpan, SpanRecorder};
use omtx_tracing::{Sampler, SpanLimits};
use opentelemetry::trace::{
    Event, Link, Span, SpanContext, SpanId, Status, TraceFlags, TraceId, TraceState, Tracer,
    TracerProvider,
};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use std::time::SystemTime;

fn record(limits: SpanLimits, f: impl FnOnce(&mut omtx_tracing::Span)) -> RecordedSpan {
    let recorder = SpanRecorder::with(Sampler::always_on(), limits);
    let mut span = recorder.provider().tracer("t").start("s");
    f(&mut span);
    span.end();
    recorder.span("s")
}

fn numbered(count: usize) -> Vec<KeyValue> {
    let numbered = |n| KeyValue::new(format!("k{n}"), n as i64);
    (0..count).map(numbered).collect()
}

#[test]
fn attributes_beyond_the_limit_are_counted_and_those_that_are_set_can_still_change() {
    let read = record(SpanLimits::default().attributes(3), |span| {
        span.set_attributes(numbered(5));
        span.set_attribute(KeyValue::new("k0", "changed"));
    });
    let keys: Vec<_> = read.attributes().iter().map(|kv| kv.key.as_str()).collect();
    assert_eq!(keys, ["k1", "k2", "k0"]);
    assert_eq!(read.attribute("k0"), Some(&"changed".into()));
    assert_eq!(read.dropped_attributes_count(), 2);
}

#[test]
fn the_defaults_are_128_of_each() {
    let read = record(SpanLimits::default(), |span| {
        span.set_attributes(numbered(130));
        for _ in 0..131 {
            span.add_event("e", numbered(129));
        }
        for _ in 0..132 {
            span.add_link(SpanContext::NONE, numbered(130));
        }
    });
    let counts = (
        read.attributes().len(),
        read.events().len(),
        read.links().len(),
    );
    assert_eq!(counts, (128, 128, 128));
    assert_eq!(read.dropped_attributes_count(), 2);
    assert_eq!(
        (read.dropped_events_count(), read.dropped_links_count()),
        (3, 4)
    );
    assert_eq!(read.events()[0].attributes.len(), 128);
    assert_eq!(read.events()[0].dropped_attributes_count, 1);
    assert_eq!(read.links()[0].dropped_attributes_count, 2);
}

#[test]
fn limits_hold_for_what_a_builder_brings_too() {
    let limits = SpanLimits::default()
        .attributes(1)
        .events(1)
        .links(1)
        .event_attributes(1)
        .link_attributes(1);
    let recorder = SpanRecorder::with(Sampler::always_on(), limits);
    let tracer = recorder.provider().tracer("t");
    let event = Event::new("e", SystemTime::now(), numbered(3), 4);
    let context = tracer.start("other").span_context().clone();
    let link = Link::new(context, numbered(2), 0);
    let builder = tracer
        .span_builder("s")
        .with_attributes(numbered(2))
        .with_events(vec![event.clone(), event])
        .with_links(vec![link.clone(), link]);
    drop(tracer.build(builder));
    let read = recorder.span("s");
    assert_eq!(read.dropped_attributes_count(), 1);
    assert_eq!(
        (read.dropped_events_count(), read.dropped_links_count()),
        (1, 1)
    );
    assert_eq!(read.events()[0].dropped_attributes_count, 2 + 4);
    assert_eq!(read.links()[0].dropped_attributes_count, 1);
}

#[test]
fn long_strings_are_cut_after_whole_characters_also_inside_arrays_and_events() {
    let array = |texts: &[&'static str]| {
        let texts = texts.iter().map(|text| StringValue::from(*text)).collect();
        Value::Array(Array::String(texts))
    };
    let read = record(SpanLimits::default().value_length(3), |span| {
        span.set_attribute(KeyValue::new("long key", "abcdef"));
        span.set_attribute(KeyValue::new("wide", "äöüß"));
        span.set_attribute(KeyValue::new("exact", "日本語"));
        span.set_attribute(KeyValue::new("array", array(&["abcd", "ab", "🦀🦀🦀🦀"])));
        span.set_attribute(KeyValue::new("n", i64::MAX));
        span.add_event("longer than three", vec![KeyValue::new("e", "abcdef")]);
    });
    assert_eq!(read.attribute("long key"), Some(&"abc".into()));
    assert_eq!(read.attribute("wide"), Some(&"äöü".into()));
    assert_eq!(read.attribute("exact"), Some(&"日本語".into()));
    assert_eq!(
        read.attribute("array"),
        Some(&array(&["abc", "ab", "🦀🦀🦀"]))
    );
    assert_eq!(read.attribute("n"), Some(&i64::MAX.into()));
    assert_eq!(read.events()[0].name, "longer than three");
    assert_eq!(read.events()[0].attributes, [KeyValue::new("e", "abc")]);
}

#[test]
fn a_span_holds_no_more_bytes_than_it_may_and_is_exported_all_the_same() {
    let long = "x".repeat(600_000);
    let read = record(SpanLimits::default(), |span| {
        span.set_attribute(KeyValue::new("fits", long.clone()));
        span.set_attribute(KeyValue::new("does not", long.clone()));
        span.add_event("nor this", vec![KeyValue::new("e", long.clone())]);
        span.add_link(SpanContext::NONE, vec![KeyValue::new("l", long.clone())]);
        span.set_attribute(KeyValue::new("small", 1));
    });
    let keys: Vec<_> = read.attributes().iter().map(|kv| kv.key.as_str()).collect();
    assert_eq!(keys, ["fits", "small"]);
    assert_eq!(read.dropped_attributes_count(), 1);
    assert_eq!(
        (read.dropped_events_count(), read.dropped_links_count()),
        (1, 1)
    );
}

#[test]
fn an_attribute_that_grows_beyond_the_bytes_keeps_its_old_value() {
    let read = record(SpanLimits::default().bytes(1_000), |span| {
        span.set_attribute(KeyValue::new("k", "old"));
        span.set_attribute(KeyValue::new("k", "x".repeat(2_000)));
    });
    assert_eq!(read.attribute("k"), Some(&"old".into()));
    assert_eq!(read.dropped_attributes_count(), 1);
}

#[test]
fn an_empty_key_is_dropped_and_counted() {
    let read = record(SpanLimits::default(), |span| {
        span.set_attribute(KeyValue::new("", 1));
        span.set_attribute(KeyValue::new("", 2));
    });
    assert_eq!(
        (read.attributes(), read.dropped_attributes_count()),
        (&[][..], 2)
    );
}

#[test]
fn of_an_events_attributes_with_one_key_the_last_stays() {
    let read = record(SpanLimits::default(), |span| {
        let twice = vec![
            KeyValue::new("k", 1),
            KeyValue::new("o", 2),
            KeyValue::new("k", 3),
        ];
        span.add_event("e", twice.clone());
        span.add_link(SpanContext::NONE, twice);
    });
    let expected = [KeyValue::new("o", 2), KeyValue::new("k", 3)];
    assert_eq!(read.events()[0].attributes, expected);
    assert_eq!(read.links()[0].attributes, expected);
}

#[test]
fn names_and_descriptions_are_cut_at_16_kib() {
    let recorder = SpanRecorder::new();
    let mut span = recorder.provider().tracer("t").start("ü".repeat(20_000));
    span.set_status(Status::error("é".repeat(20_000)));
    span.end();
    let read = recorder.spans().pop().unwrap();
    assert_eq!(read.name().len(), 16 << 10);
    assert_eq!(read.status(), &Status::error("é".repeat(8 << 10)));
    assert_eq!(recorder.provider().values_truncated(), 2);
}

#[test]
fn each_value_that_is_cut_is_counted_once_and_what_is_dropped_is_not() {
    let limits = SpanLimits::default().value_length(3).attributes(2);
    let recorder = SpanRecorder::with(Sampler::always_on(), limits);
    let mut span = recorder.provider().tracer("t").start("s");
    let texts = ["abcd", "ab", "🦀🦀🦀🦀"].map(StringValue::from);
    span.set_attribute(KeyValue::new(
        "array",
        Value::Array(Array::String(texts.into())),
    ));
    span.set_attribute(KeyValue::new("exact", "日本語"));
    span.set_attribute(KeyValue::new("one too many", "abcd"));
    let twice = vec![KeyValue::new("k", "abcd"), KeyValue::new("k", "abcde")];
    span.add_event("longer than three", twice.clone());
    span.add_link(SpanContext::NONE, twice);
    assert_eq!(
        recorder.provider().values_truncated(),
        0,
        "it has not ended"
    );
    span.end();
    assert_eq!(recorder.provider().values_truncated(), 2 + 1 + 1);
}

#[test]
fn the_tracestate_of_a_link_has_to_fit_as_well() {
    let members = (0..10).map(|n| (format!("k{n}"), "v".repeat(200)));
    let state = TraceState::from_key_value(members).unwrap();
    let to = SpanContext::new(
        TraceId::from(1),
        SpanId::from(2),
        TraceFlags::SAMPLED,
        true,
        state,
    );
    for (bytes, kept) in [(1_000, 0), (3_000, 1), (6_000, 2)] {
        let read = record(SpanLimits::default().bytes(bytes), |span| {
            span.add_link(to.clone(), Vec::new());
            span.add_link(to.clone(), Vec::new());
        });
        assert_eq!(read.links().len(), kept);
        assert_eq!(read.dropped_links_count() as usize, 2 - kept);
    }
}
