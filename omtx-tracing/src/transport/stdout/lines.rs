//! Requests as lines.

use std::time::{Duration, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::{DecodeError, Message as _};

use super::json::{Object, any, array};
use crate::Signal;

/// A line for each span and log record, and for each point of a metric.
pub(super) fn lines(signal: Signal, request: &[u8]) -> Result<String, DecodeError> {
    let mut out = String::with_capacity(request.len() * 2);
    match signal {
        Signal::Traces => {
            for group in ExportTraceServiceRequest::decode(request)?.resource_spans {
                for inner in group.scope_spans {
                    let origin = Origin::new(group.resource.as_ref(), inner.scope.as_ref());
                    for span in &inner.spans {
                        line(&mut out, &origin, |object| self::span(span, object));
                    }
                }
            }
        }
        Signal::Metrics => {
            for group in ExportMetricsServiceRequest::decode(request)?.resource_metrics {
                for inner in group.scope_metrics {
                    let origin = Origin::new(group.resource.as_ref(), inner.scope.as_ref());
                    for metric in &inner.metrics {
                        points(metric, &origin, &mut out);
                    }
                }
            }
        }
        Signal::Logs => {
            for group in ExportLogsServiceRequest::decode(request)?.resource_logs {
                for inner in group.scope_logs {
                    let origin = Origin::new(group.resource.as_ref(), inner.scope.as_ref());
                    for record in &inner.log_records {
                        line(&mut out, &origin, |object| log(record, object));
                    }
                }
            }
        }
    }
    Ok(out)
}

/// Who recorded: the service and the instrumentation scope.
struct Origin<'a> {
    service: &'a str,
    scope: &'a str,
}

impl<'a> Origin<'a> {
    fn new(resource: Option<&'a Resource>, scope: Option<&'a InstrumentationScope>) -> Self {
        let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
        let service = attributes.iter().find(|pair| pair.key == "service.name");
        let service = service.and_then(|pair| pair.value.as_ref()?.value.as_ref());
        Self {
            service: match service {
                Some(Value::StringValue(service)) => service,
                _ => "",
            },
            scope: scope.map_or("", |scope| &scope.name),
        }
    }
}

fn line(out: &mut String, origin: &Origin<'_>, write: impl FnOnce(&mut Object<'_>)) {
    let mut object = Object::begin(out);
    write(&mut object);
    object.string("service", origin.service);
    object.string("scope", origin.scope);
    drop(object);
    out.push('\n');
}

fn span(span: &Span, line: &mut Object<'_>) {
    line.hex("trace_id", &span.trace_id);
    line.hex("span_id", &span.span_id);
    line.hex("parent_span_id", &span.parent_span_id);
    line.string("trace_state", &span.trace_state);
    line.string("name", &span.name);
    let kind = match span.kind() {
        SpanKind::Unspecified => "",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    };
    line.string("kind", kind);
    line.string("start", &rfc3339(span.start_time_unix_nano));
    let nanos = span
        .end_time_unix_nano
        .saturating_sub(span.start_time_unix_nano);
    line.float("duration_ms", nanos as f64 / 1e6);
    let unset = Status::default();
    let status = span.status.as_ref().unwrap_or(&unset);
    let code = match status.code() {
        StatusCode::Unset => "",
        StatusCode::Ok => "ok",
        StatusCode::Error => "error",
    };
    line.string("status", code);
    line.string("status_message", &status.message);
    line.attributes("attributes", &span.attributes);
    line.array("events", &span.events, |event: &Event, out| {
        let mut object = Object::begin(out);
        object.string("time", &rfc3339(event.time_unix_nano));
        object.string("name", &event.name);
        object.attributes("attributes", &event.attributes);
    });
    line.array("links", &span.links, |link: &Link, out| {
        let mut object = Object::begin(out);
        object.hex("trace_id", &link.trace_id);
        object.hex("span_id", &link.span_id);
        object.attributes("attributes", &link.attributes);
    });
    for (key, lost) in [
        ("dropped_attributes", span.dropped_attributes_count),
        ("dropped_events", span.dropped_events_count),
        ("dropped_links", span.dropped_links_count),
    ] {
        if lost > 0 {
            line.number(key, lost);
        }
    }
}

/// In UTC, with microseconds.
fn rfc3339(unix_nanos: u64) -> String {
    humantime::format_rfc3339_micros(UNIX_EPOCH + Duration::from_nanos(unix_nanos)).to_string()
}

fn log(record: &LogRecord, line: &mut Object<'_>) {
    line.string("time", &rfc3339(record.time_unix_nano));
    line.string("severity", &record.severity_text);
    any(record.body.as_ref(), line.key("body"));
    line.hex("trace_id", &record.trace_id);
    line.hex("span_id", &record.span_id);
    line.attributes("attributes", &record.attributes);
}

/// A line for each point of a metric.
fn points(metric: &Metric, origin: &Origin<'_>, out: &mut String) {
    let mut point =
        |kind: &str, attributes: &[KeyValue], time: u64, value: &dyn Fn(&mut Object<'_>)| {
            line(out, origin, |line| {
                line.string("metric", &metric.name);
                line.string("kind", kind);
                line.string("unit", &metric.unit);
                line.string("time", &rfc3339(time));
                line.attributes("attributes", attributes);
                value(line);
            });
        };
    match &metric.data {
        Some(Data::Gauge(gauge)) => {
            for p in &gauge.data_points {
                point("gauge", &p.attributes, p.time_unix_nano, &|line| {
                    number(p, line);
                });
            }
        }
        Some(Data::Sum(sum)) => {
            let kind = if sum.is_monotonic { "counter" } else { "sum" };
            for p in &sum.data_points {
                point(kind, &p.attributes, p.time_unix_nano, &|line| {
                    number(p, line);
                });
            }
        }
        Some(Data::Histogram(histogram)) => {
            for p in &histogram.data_points {
                point("histogram", &p.attributes, p.time_unix_nano, &|line| {
                    count_and_sum(p.count, p.sum, line);
                    line.array("bounds", &p.explicit_bounds, |bound, out| {
                        super::json::float(*bound, out);
                    });
                    line.array("counts", &p.bucket_counts, integer);
                });
            }
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            let kind = "exponential_histogram";
            for p in &histogram.data_points {
                point(kind, &p.attributes, p.time_unix_nano, &|line| {
                    count_and_sum(p.count, p.sum, line);
                    line.number("scale", p.scale);
                    line.number("zero_count", p.zero_count);
                    for (key, side) in [("positive", &p.positive), ("negative", &p.negative)] {
                        if let Some(side) = side {
                            let mut buckets = Object::begin(line.key(key));
                            buckets.number("offset", side.offset);
                            array(&side.bucket_counts, buckets.key("counts"), integer);
                        }
                    }
                });
            }
        }
        Some(Data::Summary(summary)) => {
            for p in &summary.data_points {
                point("summary", &p.attributes, p.time_unix_nano, &|line| {
                    count_and_sum(p.count, Some(p.sum), line);
                });
            }
        }
        None => {}
    }
}

fn number(point: &NumberDataPoint, line: &mut Object<'_>) {
    match point.value {
        Some(number_data_point::Value::AsInt(value)) => line.number("value", value),
        Some(number_data_point::Value::AsDouble(value)) => line.float("value", value),
        None => {}
    }
}

fn count_and_sum(count: u64, sum: Option<f64>, line: &mut Object<'_>) {
    line.number("count", count);
    if let Some(sum) = sum {
        line.float("sum", sum);
    }
}

fn integer(value: &u64, out: &mut String) {
    out.push_str(&value.to_string());
}
