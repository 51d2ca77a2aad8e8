//! The other exporter as an oracle: the same span, sent by `opentelemetry-otlp` and by this crate, reads the same.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use opentelemetry::trace::{
    Event, Link, Span as _, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Array, InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1 as proto;
use opentelemetry_sdk::trace::{
    Sampler, SdkTracerProvider, SpanData, SpanEvents, SpanExporter as _, SpanLinks,
    SpanProcessor as _,
};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::processor::encode;
use crate::SpanLimits;
use crate::testing::SpanRecorder;

/// Takes what the other exporter sends.
#[derive(Clone, Debug, Default)]
struct Wire(Arc<Mutex<Bytes>>);

impl HttpClient for Wire {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        *self.0.lock().unwrap() = request.into_body();
        Box::pin(async { Ok(Response::new(Bytes::new())) })
    }
}

fn sent_by_the_other(span: SpanData) -> proto::Span {
    let wire = Wire::default();
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(wire.clone())
        .with_endpoint("http://localhost/v1/traces")
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(exporter.export(vec![span])).unwrap();
    let body = wire.0.lock().unwrap().clone();
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    request.resource_spans[0].scope_spans[0].spans[0].clone()
}

/// Compared as bytes of the same encoder, where a NaN is as good as any.
#[track_caller]
fn check(span: SpanData) {
    let limits = SpanLimits::default().bytes(8 << 20);
    let ours = proto::Span::decode(&encode(&span, &limits).0[..]).unwrap();
    let theirs = sent_by_the_other(span);
    assert_eq!(
        ours.encode_to_vec(),
        theirs.encode_to_vec(),
        "{ours:#?}\n{theirs:#?}"
    );
}

fn values() -> impl Strategy<Value = Value> {
    let text = || any::<String>().prop_map(StringValue::from);
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::I64),
        any::<f64>().prop_map(Value::F64),
        prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0)].prop_map(Value::F64),
        prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(-1), Just(0)].prop_map(Value::I64),
        text().prop_map(Value::String),
        vec(any::<bool>(), 0..4).prop_map(|v| Value::Array(Array::Bool(v))),
        vec(any::<i64>(), 0..40).prop_map(|v| Value::Array(Array::I64(v))),
        vec(any::<f64>(), 0..4).prop_map(|v| Value::Array(Array::F64(v))),
        vec(text(), 0..4).prop_map(|v| Value::Array(Array::String(v))),
    ]
}

/// With distinct keys that are not empty: in what becomes of others the two differ.
fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec((any::<String>(), values()), 0..12).prop_map(|pairs| {
        let numbered = pairs.into_iter().enumerate();
        numbered
            .map(|(n, (key, value))| KeyValue::new(format!("{n}{key}"), value))
            .collect()
    })
}

fn times() -> impl Strategy<Value = SystemTime> {
    (0..=u64::MAX).prop_map(|nanos| UNIX_EPOCH + Duration::from_nanos(nanos))
}

fn contexts() -> impl Strategy<Value = SpanContext> {
    let members = vec(("[a-z][a-z0-9_-]{0,8}", "[a-zA-Z0-9:;]{0,9}"), 0..4);
    (
        any::<[u8; 16]>(),
        any::<[u8; 8]>(),
        any::<(u8, bool)>(),
        members,
    )
        .prop_map(|(trace_id, span_id, (flags, remote), members)| {
            SpanContext::new(
                TraceId::from_bytes(trace_id),
                SpanId::from_bytes(span_id),
                TraceFlags::new(flags),
                remote,
                TraceState::from_key_value(members).unwrap(),
            )
        })
}

fn events() -> impl Strategy<Value = SpanEvents> {
    let event = (any::<String>(), times(), attributes(), any::<u32>());
    let event = event
        .prop_map(|(name, time, attributes, dropped)| Event::new(name, time, attributes, dropped));
    (vec(event, 0..3), any::<u32>()).prop_map(|(events, dropped_count)| {
        let mut out = SpanEvents::default();
        (out.events, out.dropped_count) = (events, dropped_count);
        out
    })
}

fn links() -> impl Strategy<Value = SpanLinks> {
    let link = (contexts(), attributes(), any::<u32>());
    let link =
        link.prop_map(|(context, attributes, dropped)| Link::new(context, attributes, dropped));
    (vec(link, 0..3), any::<u32>()).prop_map(|(links, dropped_count)| {
        let mut out = SpanLinks::default();
        (out.links, out.dropped_count) = (links, dropped_count);
        out
    })
}

fn spans() -> impl Strategy<Value = SpanData> {
    let kind = prop_oneof![
        Just(SpanKind::Internal),
        Just(SpanKind::Server),
        Just(SpanKind::Client),
        Just(SpanKind::Producer),
        Just(SpanKind::Consumer),
    ];
    let status = prop_oneof![
        Just(Status::Unset),
        Just(Status::Ok),
        any::<String>().prop_map(Status::error),
    ];
    let ids = (contexts(), any::<[u8; 8]>(), any::<bool>());
    let text = (any::<String>(), kind, status);
    let lists = (attributes(), any::<u32>(), events(), links());
    (ids, text, (times(), times()), lists).prop_map(
        |((context, parent, remote), (name, kind, status), (start, end), lists)| {
            let (attributes, dropped, events, links) = lists;
            SpanData {
                span_context: context,
                parent_span_id: SpanId::from_bytes(parent),
                parent_span_is_remote: remote,
                span_kind: kind,
                name: Cow::Owned(name),
                start_time: start,
                end_time: end,
                attributes,
                dropped_attributes_count: dropped,
                events,
                links,
                status,
                instrumentation_scope: InstrumentationScope::default(),
            }
        },
    )
}

proptest! {
    #[test]
    fn every_span_reads_as_the_other_exporter_sends_it(span in spans()) {
        check(span);
    }
}

#[test]
fn a_span_of_megabytes_reads_as_the_other_exporter_sends_it() {
    let recorder = SpanRecorder::new();
    let scope = recorder
        .provider()
        .tracer("t")
        .start("s")
        .span_context()
        .clone();
    check(SpanData {
        span_context: scope,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "large".into(),
        start_time: UNIX_EPOCH,
        end_time: UNIX_EPOCH,
        attributes: vec![
            KeyValue::new("text", "é".repeat(1 << 20)),
            KeyValue::new("array", Value::Array(Array::I64(vec![i64::MIN; 100_000]))),
            KeyValue::new("empty", ""),
        ],
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::default(),
    });
}

#[test]
fn what_the_sdk_samples_is_recorded_and_nothing_else() {
    let recorder = SpanRecorder::new();
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOff)
        .with_span_processor(recorder.span_processor())
        .build();
    drop(provider.tracer("t").start("unsampled"));
    assert_eq!((recorder.created(), recorder.spans().len()), (0, 0));

    let provider = SdkTracerProvider::builder()
        .with_span_processor(recorder.span_processor())
        .build();
    let mut span = provider.tracer("t").start("sampled");
    span.set_attribute(KeyValue::new("k", 1));
    drop(span);
    assert_eq!(recorder.created(), 1);
    assert_eq!(
        recorder.span("sampled").attributes(),
        [KeyValue::new("k", 1)]
    );
}

#[test]
fn a_span_that_is_open_when_the_sdk_shuts_down_is_not_open_for_ever() {
    let recorder = SpanRecorder::new();
    let processor = recorder.span_processor();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(recorder.span_processor())
        .build();
    let span = provider.tracer("t").start("open");
    provider.shutdown().unwrap();
    drop(span);
    assert_eq!((recorder.created(), recorder.spans().len()), (1, 0));
    assert!(format!("{processor:?}").contains("open: 0"));
    assert!(processor.force_flush().is_ok());
}
