use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, UNIX_EPOCH};

use omtx_context::{Scope, SpanId, TraceContext, TraceFlags, TraceId};
use omtx_logging::{Levels, Logging, LoggingBuilder, critical, json};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use proptest::prelude::*;
use prost::Message as _;
use tracing::{debug, error, info, info_span, warn};

use super::*;
use crate::config::Batching;
use crate::export::Exporter;
use crate::export::testing::{Collector, lane};

/// 2025-01-20T18:00:00Z
const NOW: u64 = 1_737_396_000;

fn builder() -> LoggingBuilder {
    Logging::builder("hub")
        .levels(Levels::all())
        .sink(())
        .clock(|| UNIX_EPOCH + Duration::from_secs(NOW))
}

/// The records that `work` logs, as a collector gets them, by scope.
fn exported(
    builder: LoggingBuilder,
    options: impl FnOnce(LogExport) -> LogExport,
    work: impl FnOnce(&Logging),
) -> Vec<(String, LogRecord)> {
    let collector = Collector::default();
    let lane = lane(Signal::Logs, Batching::default(), &collector);
    let exporter = Exporter::start(vec![lane], None).expect("a thread");
    let pipeline = exporter.pipeline(Signal::Logs).cloned();
    let sink = options(LogExport::new(pipeline, LogLimits::default()));
    let logging = builder.records(sink).build().unwrap();
    tracing::subscriber::with_default(logging.subscriber(), || work(&logging));
    assert!(exporter.flush(Duration::from_secs(60)).is_complete());
    let records = requests(&collector);
    let stats = exporter.stats();
    let stats = stats.of(Signal::Logs).unwrap();
    assert_eq!(stats.created, records.len() as u64);
    assert_eq!(stats.exported, records.len() as u64);
    records
}

/// What a collector got, by scope.
fn requests(collector: &Collector) -> Vec<(String, LogRecord)> {
    let mut records = Vec::new();
    for request in collector.requests() {
        let request = ExportLogsServiceRequest::decode(request).expect("a request");
        for scope in request
            .resource_logs
            .into_iter()
            .flat_map(|resource| resource.scope_logs)
        {
            let name = scope.scope.unwrap_or_default().name;
            records.extend(scope.log_records.into_iter().map(|r| (name.clone(), r)));
        }
    }
    records
}

#[track_caller]
fn one(builder: LoggingBuilder, work: impl FnOnce()) -> LogRecord {
    let mut records = exported(builder, |sink| sink, |_| work());
    assert_eq!(records.len(), 1, "{records:?}");
    records.remove(0).1
}

fn text(text: &str) -> AnyValue {
    of(Value::StringValue(text.to_owned()))
}

fn of(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(of(value)),
        ..KeyValue::default()
    }
}

fn string(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

#[test]
fn a_record_is_complete_to_the_field() {
    let trace = TraceContext::new(
        TraceId::new(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c).unwrap(),
        SpanId::new(0xb7ad_6b71_6920_3331).unwrap(),
        TraceFlags::new(3),
    );
    let records = exported(
        builder(),
        |sink| sink,
        |_| {
            let scope = Scope::root()
                .with("request_id", "r-1")
                .with("user_id", 7)
                .build();
            scope.in_scope(|| {
                trace.in_scope(|| {
                    let _span = info_span!("align", device = 3).entered();
                    warn!(
                        target: "hub::jobs",
                        cached = false,
                        performance.duration_ms = 12.5,
                        size = u64::MAX,
                        error = "no space",
                        "slow"
                    );
                });
            });
        },
    );
    let expected = LogRecord {
        time_unix_nano: NOW * 1_000_000_000,
        observed_time_unix_nano: NOW * 1_000_000_000,
        severity_number: 13,
        severity_text: "WARNING".to_owned(),
        body: Some(text("slow")),
        attributes: vec![
            string("request_id", "r-1"),
            attribute("user_id", Value::IntValue(7)),
            attribute("device", Value::IntValue(3)),
            attribute("cached", Value::BoolValue(false)),
            attribute("performance.duration_ms", Value::DoubleValue(12.5)),
            string("size", "18446744073709551615"),
            string("error", "no space"),
        ],
        flags: 3,
        trace_id: trace.trace_id().to_bytes().to_vec(),
        span_id: trace.span_id().to_bytes().to_vec(),
        ..LogRecord::default()
    };
    assert_eq!(records, [("hub::jobs".to_owned(), expected)]);
}

#[test]
fn severities_have_the_numbers_of_the_data_model() {
    let records = exported(
        builder(),
        |sink| sink,
        |_| {
            debug!("d");
            info!("i");
            warn!("w");
            error!("e");
            critical!("c");
        },
    );
    let severities: Vec<_> = records
        .iter()
        .map(|(_, record)| (record.severity_number, record.severity_text.as_str()))
        .collect();
    let expected = [
        (5, "DEBUG"),
        (9, "INFO"),
        (13, "WARNING"),
        (17, "ERROR"),
        (21, "CRITICAL"),
    ];
    assert_eq!(severities, expected);
}

#[test]
fn no_trace_and_no_message_leave_their_fields_out() {
    let record = one(builder(), || info!(n = 1));
    assert_eq!((record.body, record.flags), (None, 0));
    assert!(record.trace_id.is_empty() && record.span_id.is_empty());
}

#[test]
fn what_a_line_hides_is_hidden() {
    let record = one(builder(), || info!(password = "hunter2", "login"));
    assert_eq!(record.attributes, [string("password", "[redacted]")]);
}

#[test]
fn structures_become_maps_and_arrays() {
    let value = serde_json::json!({"a": [1, -2.5, true, null, "x"], "b": {"c": u64::MAX}});
    let record = one(builder(), || info!(value = json(&value), "x"));
    let array = ArrayValue {
        values: vec![
            of(Value::IntValue(1)),
            of(Value::DoubleValue(-2.5)),
            of(Value::BoolValue(true)),
            AnyValue::default(),
            text("x"),
        ],
    };
    let inner = KeyValueList {
        values: vec![string("c", "18446744073709551615")],
    };
    let map = KeyValueList {
        values: vec![
            attribute("a", Value::ArrayValue(array)),
            attribute("b", Value::KvlistValue(inner)),
        ],
    };
    assert_eq!(
        record.attributes,
        [attribute("value", Value::KvlistValue(map))]
    );
}

#[test]
fn a_structure_without_end_is_cut_off_as_text() {
    let mut value = serde_json::json!("deep");
    for _ in 0..100 {
        value = serde_json::json!([value]);
    }
    let record = one(builder(), || info!(value = json(&value), "x"));
    let mut inner = record.attributes[0].value.clone().unwrap();
    let mut depth = 0;
    while let Some(Value::ArrayValue(mut array)) = inner.value {
        inner = array.values.remove(0);
        depth += 1;
    }
    assert_eq!(depth, structured::MAX_DEPTH);
    assert!(matches!(inner.value, Some(Value::StringValue(text)) if text.contains("deep")));
}

#[test]
fn a_record_says_where_it_was_logged_if_it_is_to() {
    let records = exported(builder(), |sink| sink.source(true), |_| info!("x"));
    let keys: Vec<_> = records[0].1.attributes.iter().map(|kv| &*kv.key).collect();
    assert_eq!(keys, ["code.file.path", "code.line.number"]);
}

#[test]
fn what_was_cut_and_what_was_left_out_before_is_said() {
    let record = one(builder().max_value_len(16), || info!("{}", "x".repeat(99)));
    assert_eq!(
        record.attributes,
        [attribute("truncated", Value::BoolValue(true))]
    );
}

/// With these limits.
fn limited(limits: LogLimits, work: impl FnOnce()) -> LogRecord {
    let options = |mut sink: LogExport| {
        sink.options.limits = limits;
        sink
    };
    exported(builder(), options, |_| work()).remove(0).1
}

#[test]
fn attributes_beyond_the_limit_are_counted_in_the_record() {
    let limits = LogLimits::default().attributes(3);
    let scope = Scope::root().with("a", 1).with("b", 2).build();
    let log = || scope.in_scope(|| info!(c = 3, d = 4, e = 5, "x"));
    let record = limited(limits, log);
    let keys: Vec<_> = record.attributes.iter().map(|kv| &*kv.key).collect();
    assert_eq!(
        (keys, record.dropped_attributes_count),
        (vec!["a", "b", "c"], 2)
    );
    let record = limited(limits.attributes(0), log);
    assert_eq!(
        (record.attributes.len(), record.dropped_attributes_count),
        (0, 5)
    );
    let record = limited(LogLimits::default(), log);
    assert_eq!(
        (record.attributes.len(), record.dropped_attributes_count),
        (5, 0)
    );
}

#[test]
fn strings_are_cut_after_so_many_characters_wherever_they_are_and_numbers_are_not() {
    let value = serde_json::json!(["aéîoü", {"deep": "aéîoü"}, 123_456]);
    let record = limited(LogLimits::default().value_length(3), || {
        info!(
            text = "aéîoü",
            n = 123_456,
            size = u64::MAX,
            value = json(&value),
            "the body stays"
        );
    });
    let array = ArrayValue {
        values: vec![
            text("aéî"),
            of(Value::KvlistValue(KeyValueList {
                values: vec![string("deep", "aéî")],
            })),
            of(Value::IntValue(123_456)),
        ],
    };
    assert_eq!(
        record.attributes,
        [
            string("text", "aéî"),
            attribute("n", Value::IntValue(123_456)),
            string("size", "18446744073709551615"),
            attribute("value", Value::ArrayValue(array)),
        ]
    );
    assert_eq!(record.body, Some(text("the body stays")));
}

/// The scope that a collector finds each logger's record in.
fn scopes_of(loggers: &[String]) -> Vec<String> {
    let collector = Collector::default();
    let lane = lane(Signal::Logs, Batching::default(), &collector);
    let exporter = Exporter::start(vec![lane], None).expect("a thread");
    let pipeline = exporter.pipeline(Signal::Logs).unwrap();
    let sink = LogExport::new(Some(pipeline.clone()), LogLimits::default());
    // The second time, what was found the first time is known.
    for logger in loggers.iter().chain(loggers) {
        let record = LogRecord {
            severity_text: logger.clone(),
            ..LogRecord::default()
        };
        pipeline.created(1);
        pipeline.push(sink.scope(pipeline, logger), &record.encode_to_vec(), 1);
        if pipeline.stats().waiting_records > 1000 {
            assert!(exporter.flush(Duration::from_secs(60)).is_complete());
        }
    }
    assert!(exporter.flush(Duration::from_secs(60)).is_complete());
    let found: HashMap<String, String> = requests(&collector)
        .into_iter()
        .map(|(scope, record)| (record.severity_text, scope))
        .collect();
    loggers.iter().map(|logger| found[logger].clone()).collect()
}

#[test]
fn loggers_beyond_the_bound_share_a_scope() {
    let name = |n| format!("logger-{n}");
    let loggers: Vec<String> = (0..MAX_LOGGERS + 10).map(name).collect();
    let scopes = scopes_of(&loggers);
    assert_eq!(scopes[..MAX_LOGGERS], loggers[..MAX_LOGGERS]);
    assert_eq!(scopes[MAX_LOGGERS..], vec!["other".to_owned(); 10]);
}

#[test]
fn a_logger_whose_name_is_long_is_not_told_apart() {
    let loggers = [0, 1].map(|more| "x".repeat(MAX_LOGGER_LEN + more));
    assert_eq!(scopes_of(&loggers), [&loggers[0], "other"]);
}

#[test]
fn what_is_logged_where_telemetry_is_suppressed_is_not_exported() {
    let records = exported(
        builder(),
        |sink| sink,
        |_| {
            let _guard = Context::enter_telemetry_suppressed_scope();
            info!("from inside an exporter");
        },
    );
    assert_eq!(records, []);
}

#[test]
fn a_flush_asks_for_log_records_and_nothing_else() {
    let collector = Collector::default();
    let lane = lane(Signal::Logs, Batching::default(), &collector);
    let exporter = Exporter::start(vec![lane], None).expect("a thread");
    let read = Arc::new(AtomicUsize::new(0));
    exporter.before_flush({
        let read = Arc::clone(&read);
        Arc::new(move |_| {
            read.fetch_add(1, SeqCst);
        })
    });
    let sink = LogExport::new(
        exporter.pipeline(Signal::Logs).cloned(),
        LogLimits::default(),
    );
    let logging = builder().records(sink).build().unwrap();
    tracing::subscriber::with_default(logging.subscriber(), || info!("x"));
    assert!(logging.flush(Duration::from_secs(60)).is_complete());
    assert_eq!((collector.requests().len(), read.load(SeqCst)), (1, 0));
}

#[test]
fn what_is_logged_after_the_shutdown_is_lost_with_it() {
    let collector = Collector::default();
    let lane = lane(Signal::Logs, Batching::default(), &collector);
    let exporter = Exporter::start(vec![lane], None).expect("a thread");
    let pipeline = exporter.pipeline(Signal::Logs).cloned();
    let sink = LogExport::new(pipeline.clone(), LogLimits::default());
    let logging = builder().records(sink).build().unwrap();
    assert!(exporter.shutdown(Duration::from_secs(60)).is_empty());
    tracing::subscriber::with_default(logging.subscriber(), || info!("x"));
    let stats = pipeline.unwrap().stats();
    let lost = stats.dropped.of(DropReason::Shutdown);
    assert_eq!((stats.created, lost, stats.open()), (1, 1, 0));
}

#[test]
fn without_a_collector_records_go_nowhere() {
    let telemetry = Telemetry::builder("hub").build().unwrap();
    let logging = builder().records(telemetry.log_sink()).build().unwrap();
    tracing::subscriber::with_default(logging.subscriber(), || info!("x"));
    assert!(logging.flush(Duration::ZERO).is_complete());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_logged_arrives(message in any::<String>(), key in "[a-z.\"\\\\é\n]{1,16}", value in any::<String>()) {
        let record = one(builder(), || {
            let scope = Scope::root().with(key.clone(), value.as_str()).build();
            scope.in_scope(|| info!("{message}"));
        });
        prop_assert_eq!(record.body, Some(text(&message)));
        let attribute = &record.attributes[0];
        prop_assert_eq!(&attribute.key, &key);
        prop_assert_eq!(&attribute.value, &Some(text(&value)));
    }
}
