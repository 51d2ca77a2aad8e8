//! Lines for a developer.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, exponential_histogram_data_point,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::transport::Stdout;

const NOON: u64 = 1_714_564_800_000_000_000;

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn printed(signal: Signal, request: impl prost::Message) -> String {
    let output = Output::default();
    let mut stdout = Stdout::new(output.clone());
    let answer = stdout
        .export(signal, request.encode_to_vec().into(), Instant::now())
        .await;
    assert_eq!(answer, all_accepted());
    let printed = output.0.lock().unwrap();
    String::from_utf8(printed.clone()).unwrap()
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn text(value: &str) -> Any {
    Any::StringValue(value.into())
}

fn resource() -> Option<Resource> {
    Some(Resource {
        attributes: vec![pair("service.name", text("omtx-hub-api"))],
        ..Resource::default()
    })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "hub".into(),
        ..InstrumentationScope::default()
    })
}

fn traces(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: resource(),
            scope_spans: vec![ScopeSpans {
                scope: scope(),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn metrics(metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: resource(),
            scope_metrics: vec![ScopeMetrics {
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

#[tokio::test]
async fn a_span_is_a_line() {
    let full = Span {
        trace_id: vec![0x0a; 16],
        span_id: vec![0xb7; 8],
        parent_span_id: vec![0xc1; 8],
        name: "GET /api/v1/jobs/{id}".into(),
        kind: 2,
        start_time_unix_nano: NOON,
        end_time_unix_nano: NOON + 1_250_000,
        attributes: vec![
            pair("http.response.status_code", Any::IntValue(500)),
            pair(
                "tags",
                Any::ArrayValue(ArrayValue {
                    values: vec![
                        AnyValue {
                            value: Some(Any::BoolValue(true)),
                        },
                        AnyValue {
                            value: Some(Any::DoubleValue(f64::NAN)),
                        },
                        AnyValue { value: None },
                    ],
                }),
            ),
        ],
        events: vec![Event {
            time_unix_nano: NOON,
            name: "exception".into(),
            attributes: vec![pair("exception.message", text("no\n\"luck\""))],
            ..Event::default()
        }],
        links: vec![Link {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            ..Link::default()
        }],
        status: Some(Status {
            code: 2,
            message: "broken".into(),
        }),
        dropped_events_count: 3,
        ..Span::default()
    };
    let bare = Span {
        name: "bare".into(),
        ..Span::default()
    };
    assert_eq!(
        printed(Signal::Traces, traces(vec![full, bare])).await,
        r#"{"trace_id":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","span_id":"b7b7b7b7b7b7b7b7","parent_span_id":"c1c1c1c1c1c1c1c1","name":"GET /api/v1/jobs/{id}","kind":"server","start":"2024-05-01T12:00:00.000000Z","duration_ms":1.25,"status":"error","status_message":"broken","attributes":{"http.response.status_code":500,"tags":[true,"NaN",null]},"events":[{"time":"2024-05-01T12:00:00.000000Z","name":"exception","attributes":{"exception.message":"no\n\"luck\""}}],"links":[{"trace_id":"01010101010101010101010101010101","span_id":"0202020202020202"}],"dropped_events":3,"service":"omtx-hub-api","scope":"hub"}
{"name":"bare","start":"1970-01-01T00:00:00.000000Z","duration_ms":0.0,"service":"omtx-hub-api","scope":"hub"}
"#
    );
}

#[tokio::test]
async fn a_point_of_a_metric_is_a_line() {
    let sum = Metric {
        name: "http.requests".into(),
        unit: "{request}".into(),
        data: Some(Data::Sum(Sum {
            is_monotonic: true,
            data_points: vec![NumberDataPoint {
                attributes: vec![pair("method", text("GET"))],
                time_unix_nano: NOON,
                value: Some(number_data_point::Value::AsInt(7)),
                ..NumberDataPoint::default()
            }],
            ..Sum::default()
        })),
        ..Metric::default()
    };
    let histogram = Metric {
        name: "latency".into(),
        unit: "s".into(),
        data: Some(Data::Histogram(Histogram {
            data_points: vec![HistogramDataPoint {
                time_unix_nano: NOON,
                count: 3,
                sum: Some(2.5),
                explicit_bounds: vec![0.5, 1.0],
                bucket_counts: vec![1, 2, 0],
                ..HistogramDataPoint::default()
            }],
            ..Histogram::default()
        })),
        ..Metric::default()
    };
    let native = Metric {
        name: "native".into(),
        data: Some(Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint {
                time_unix_nano: NOON,
                count: 3,
                scale: 3,
                zero_count: 1,
                positive: Some(exponential_histogram_data_point::Buckets {
                    offset: -2,
                    bucket_counts: vec![2],
                }),
                ..ExponentialHistogramDataPoint::default()
            }],
            ..ExponentialHistogram::default()
        })),
        ..Metric::default()
    };
    assert_eq!(
        printed(Signal::Metrics, metrics(vec![sum, histogram, native])).await,
        r#"{"metric":"http.requests","kind":"counter","unit":"{request}","time":"2024-05-01T12:00:00.000000Z","attributes":{"method":"GET"},"value":7,"service":"omtx-hub-api"}
{"metric":"latency","kind":"histogram","unit":"s","time":"2024-05-01T12:00:00.000000Z","count":3,"sum":2.5,"bounds":[0.5,1.0],"counts":[1,2,0],"service":"omtx-hub-api"}
{"metric":"native","kind":"exponential_histogram","time":"2024-05-01T12:00:00.000000Z","count":3,"scale":3,"zero_count":1,"positive":{"offset":-2,"counts":[2]},"service":"omtx-hub-api"}
"#
    );
}

#[tokio::test]
async fn a_log_record_is_a_line() {
    let record = LogRecord {
        time_unix_nano: NOON,
        severity_text: "INFO".into(),
        body: Some(AnyValue {
            value: Some(text("started")),
        }),
        attributes: vec![pair("job_id", text("j-1"))],
        trace_id: vec![1; 16],
        ..LogRecord::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: resource(),
            scope_logs: vec![ScopeLogs {
                scope: scope(),
                log_records: vec![record],
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    };
    assert_eq!(
        printed(Signal::Logs, request).await,
        r#"{"time":"2024-05-01T12:00:00.000000Z","severity":"INFO","body":"started","trace_id":"01010101010101010101010101010101","attributes":{"job_id":"j-1"},"service":"omtx-hub-api","scope":"hub"}
"#
    );
}

#[tokio::test]
async fn an_output_that_is_gone_is_an_answer_and_no_panic() {
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let answer = export(&mut Stdout::new(Gone), spans(1)).await;
    assert_eq!(kind(&answer).0, "refused");
    let answer = export(&mut Stdout::new(Gone), Bytes::from_static(b"\xff")).await;
    assert_eq!(kind(&answer).0, "refused");
}

fn any_value() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Any::StringValue),
        any::<i64>().prop_map(Any::IntValue),
        any::<f64>().prop_map(Any::DoubleValue),
        any::<bool>().prop_map(Any::BoolValue),
        any::<Vec<u8>>().prop_map(Any::BytesValue),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        proptest::collection::vec(inner, 0..4).prop_map(|values| {
            let values = values
                .into_iter()
                .map(|value| AnyValue { value: Some(value) });
            Any::ArrayValue(ArrayValue {
                values: values.collect(),
            })
        })
    })
}

fn agrees(value: &Any, json: &Value) -> bool {
    match value {
        Any::StringValue(value) => json == value,
        Any::IntValue(value) => json == value,
        Any::BoolValue(value) => json == value,
        // serde_json reads the last digit wrong at times, and the smallest numbers, unless a feature asks it not to.
        Any::DoubleValue(value) if value.is_finite() => json.as_f64().is_some_and(|json| {
            (json - value).abs() <= (value.abs() * 1e-15).max(f64::MIN_POSITIVE)
        }),
        Any::DoubleValue(value) => json == &value.to_string(),
        Any::BytesValue(value) => {
            let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            json == &hex
        }
        Any::ArrayValue(array) => json.as_array().is_some_and(|json| {
            let mut pairs = array.values.iter().zip(json);
            array.values.len() == json.len()
                && pairs.all(|(value, json)| agrees(value.value.as_ref().unwrap(), json))
        }),
        _ => false,
    }
}

proptest! {
    #[test]
    fn whatever_a_span_holds_its_line_is_one_line_of_json_that_says_so(
        name in "\\PC{1,20}|.{1,20}",
        key in any::<String>(),
        value in any_value(),
    ) {
        let span = Span {
            name: name.clone(),
            attributes: vec![pair(&key, value.clone())],
            ..Span::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let printed = runtime.block_on(printed(Signal::Traces, traces(vec![span])));
        let (line, rest) = printed.split_once('\n').unwrap();
        prop_assert_eq!(rest, "");
        prop_assert!(!line.chars().any(char::is_control));
        let json: Value = serde_json::from_str(line).unwrap();
        prop_assert_eq!(&json["name"], &name);
        prop_assert!(agrees(&value, &json["attributes"][&key]), "{}", line);
    }
}
