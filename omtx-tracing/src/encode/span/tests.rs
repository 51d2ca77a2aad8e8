use opentelemetry::trace::{TraceFlags, TraceId, TraceState};
use opentelemetry::{Array, StringValue};
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message;

use super::*;

fn context(span_id: u64, flags: u8, remote: bool, trace_state: &str) -> SpanContext {
    SpanContext::new(
        TraceId::from(0x0af7651916cd43dd8448eb211c80319c),
        SpanId::from(span_id),
        TraceFlags::new(flags),
        remote,
        trace_state.parse().unwrap_or(TraceState::NONE),
    )
}

fn recording(context: &SpanContext) -> Recording {
    let header = Header {
        context,
        parent_span_id: SpanId::from(0x00f067aa0ba902b7),
        parent_is_remote: true,
        kind: &SpanKind::Server,
        start: 1_700_000_000_000_000_000,
    };
    Recording::new(b"left from the last span".to_vec(), &header)
}

const TRAILER: Trailer<'static> = Trailer {
    name: "GET /users/{id}",
    status: &Status::Unset,
    end: 1_700_000_000_012_345_678,
};

fn attribute(key: &str, value: common::any_value::Value) -> common::KeyValue {
    common::KeyValue {
        key: key.into(),
        value: Some(common::AnyValue { value: Some(value) }),
        ..Default::default()
    }
}

/// The bytes of a small span, field by field.
#[test]
fn a_span_on_the_wire() {
    let context = context(0xb7ad6b7169203331, 0x03, false, "");
    let limits = SpanLimits::default();
    let mut recording = recording(&context);
    recording.attribute("http.route", "/users/{id}".into(), &limits);
    recording.attribute("http.response.status_code", 200_u16.into(), &limits);
    let bytes = recording.finish(&TRAILER);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = [
        "0a10",
        "0af7651916cd43dd8448eb211c80319c", // trace_id
        "1208",
        "b7ad6b7169203331", // span_id
        "3002",             // kind: SERVER
        "39",               // start_time_unix_nano
        &format!("{:016x}", 1_700_000_000_000_000_000_u64.swap_bytes()),
        "850103030000", // flags: sampled, random, and that the parent is known to be remote
        "2208",
        "00f067aa0ba902b7", // parent_span_id
        "4a1b",
        "0a0a",
        "687474702e726f757465",
        "120d",
        "0a0b",
        "2f75736572732f7b69647d", // http.route
        "4a20",
        "0a19",
        "687474702e726573706f6e73652e7374617475735f636f6465",
        "1203",
        "18c801",
        "2a0f",
        "474554202f75736572732f7b69647d", // name
        "41",                             // end_time_unix_nano
        &format!("{:016x}", 1_700_000_000_012_345_678_u64.swap_bytes()),
        "7a00", // status: unset
    ];
    assert_eq!(hex, expected.concat());
}

#[test]
fn every_field_of_a_span_reads_back() {
    use common::any_value::Value as Any;
    let own = context(0xb7ad6b7169203331, 0x01, false, "k=v,other=x:y");
    let limits = SpanLimits::default().events(1).links(1).attributes(8);
    let mut recording = recording(&own);
    let strings = Value::Array(Array::String(vec![StringValue::from("a"), "".into()]));
    let numbers = Value::Array(Array::F64(vec![0.5, f64::INFINITY]));
    let borrowed: &[&str] = &["x", "y"];
    recording.attribute("bool", true.into(), &limits);
    recording.attribute("int", AttributeValue::I64(-1), &limits);
    recording.attribute("double", 1.5.into(), &limits);
    recording.attribute("str", "".into(), &limits);
    recording.attribute("strs", borrowed.into(), &limits);
    recording.attribute("strings", (&strings).into(), &limits);
    recording.attribute("numbers", (&numbers).into(), &limits);
    recording.event("event", 7, &[KeyValue::new("e", 1)], 2, &limits);
    recording.event("one too many", 8, &[], 0, &limits);
    let link = Link::new(
        context(5, 0x02, true, "l=1"),
        vec![KeyValue::new("l", false)],
        3,
    );
    recording.link(&link, &limits);
    recording.link(&link, &limits);
    recording.dropped(4, 5, 6);
    let bytes = recording.finish(&Trailer {
        status: &Status::error("broken"),
        ..TRAILER
    });

    let trace_id = 0x0af7651916cd43dd8448eb211c80319c_u128
        .to_be_bytes()
        .to_vec();
    let array = |values: Vec<Any>| {
        let values = values.into_iter();
        let values = values
            .map(|value| common::AnyValue { value: Some(value) })
            .collect();
        Any::ArrayValue(common::ArrayValue { values })
    };
    let string = |text: &str| Any::StringValue(text.into());
    let expected = proto::Span {
        trace_id: trace_id.clone(),
        span_id: 0xb7ad6b7169203331_u64.to_be_bytes().into(),
        trace_state: "k=v,other=x:y".into(),
        parent_span_id: 0x00f067aa0ba902b7_u64.to_be_bytes().into(),
        flags: 0x301,
        name: "GET /users/{id}".into(),
        kind: proto::span::SpanKind::Server.into(),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_000_012_345_678,
        attributes: vec![
            attribute("bool", Any::BoolValue(true)),
            attribute("int", Any::IntValue(-1)),
            attribute("double", Any::DoubleValue(1.5)),
            attribute("str", string("")),
            attribute("strs", array(vec![string("x"), string("y")])),
            attribute("strings", array(vec![string("a"), string("")])),
            attribute(
                "numbers",
                array(vec![Any::DoubleValue(0.5), Any::DoubleValue(f64::INFINITY)]),
            ),
        ],
        dropped_attributes_count: 4,
        events: vec![proto::span::Event {
            time_unix_nano: 7,
            name: "event".into(),
            attributes: vec![attribute("e", Any::IntValue(1))],
            dropped_attributes_count: 2,
        }],
        dropped_events_count: 1 + 5,
        links: vec![proto::span::Link {
            trace_id,
            span_id: 5_u64.to_be_bytes().into(),
            trace_state: "l=1".into(),
            attributes: vec![attribute("l", Any::BoolValue(false))],
            dropped_attributes_count: 3,
            flags: 0x302,
        }],
        dropped_links_count: 1 + 6,
        status: Some(proto::Status {
            code: proto::status::StatusCode::Error.into(),
            message: "broken".into(),
        }),
    };
    assert_eq!(proto::Span::decode(&bytes[..]).unwrap(), expected);
}

#[test]
fn counts_of_what_was_dropped_do_not_wrap() {
    let context = context(1, 1, false, "");
    let mut recording = recording(&context);
    recording.dropped(u32::MAX, u32::MAX, u32::MAX);
    recording.dropped(1, 1, 1);
    let span = proto::Span::decode(&recording.finish(&TRAILER)[..]).unwrap();
    assert_eq!(
        [
            span.dropped_attributes_count,
            span.dropped_events_count,
            span.dropped_links_count
        ],
        [u32::MAX; 3]
    );
}

#[test]
fn a_key_is_found_behind_whatever_was_set_before() {
    let context = context(1, 1, false, "");
    let limits = SpanLimits::default();
    let mut recording = recording(&context);
    assert!(!recording.has("last"));
    recording.event("last", 1, &[KeyValue::new("last", "last")], 0, &limits);
    recording.link(
        &Link::new(context.clone(), vec![KeyValue::new("last", 1)], 0),
        &limits,
    );
    recording.attribute("long", "x".repeat(40_000).as_str().into(), &limits);
    assert!(!recording.has("last"));
    recording.attribute("last", 1_u16.into(), &limits);
    assert!(recording.has("last") && recording.has("long") && !recording.has("las"));
}
