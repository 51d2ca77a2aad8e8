//! What lines say, as values.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use omtx_logging::testing::Lines;
use omtx_logging::{
    FieldValue, Flushed, LogRecord, Logging, Profile, RecordSink, Redaction, Scope, Severity,
    critical,
};
use proptest::prelude::*;
use tracing::{error, info, info_span};

use crate::dynamic::{self, Fields, Given};
use crate::support::{builder, clock, lines_of};

/// Keeps what it is given, as text.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Kept {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl RecordSink for Kept {
    fn record(&self, record: &LogRecord<'_>) {
        let mut text = format!(
            "{} {} {:?}",
            record.severity().as_str(),
            record.logger(),
            record.message()
        );
        if record.suppressed() > 0 {
            text += &format!(" suppressed {}", record.suppressed());
        }
        record.for_each_field(|key, value| text += &format!(" {key}={value:?}"));
        if record.is_truncated() {
            text += " truncated";
        }
        self.0.lock().unwrap().push(text);
    }
}

#[track_caller]
fn check(builder: omtx_logging::LoggingBuilder, work: impl FnOnce(), expected: &[&str]) {
    let kept = Kept::default();
    lines_of(builder.records(kept.clone()), work);
    assert_eq!(kept.take(), expected);
}

#[test]
fn a_record_has_the_scope_the_spans_and_the_events_own_fields_in_this_order() {
    for profile in Profile::ALL {
        check(
            builder().profile(profile),
            || {
                Scope::root().with("request_id", "r-1").build().in_scope(|| {
                    let _span = info_span!("align", device = 3, ratio = 0.5).entered();
                    info!(target: "hub", cached = false, performance.duration_ms = 12, user = "a\"b", "slow");
                });
            },
            &[
                r#"INFO hub Some("slow") request_id=Str("r-1") device=Int(3) ratio=Float(0.5) cached=Bool(false) performance.duration_ms=Int(12) user=Str("a\"b")"#,
            ],
        );
    }
}

#[test]
fn names_are_those_of_the_program_also_where_a_line_moves_them() {
    check(
        builder(),
        || info!(target: "hub", level = "mine", trace_id = "own", a = 1, a.b = 2, "x"),
        &[r#"INFO hub Some("x") level=Str("mine") trace_id=Str("own") a=Int(1) a.b=Int(2)"#],
    );
}

#[test]
fn what_is_further_in_wins() {
    check(
        builder(),
        || {
            let scope = Scope::root()
                .with("a", "scope")
                .with("b", "scope")
                .with("c", "scope");
            scope.build().in_scope(|| {
                let _outer = info_span!("outer", b = "outer", c = "outer").entered();
                let _inner = info_span!("inner", b = "inner").entered();
                info!(target: "hub", c = "event");
            });
        },
        &[r#"INFO hub None a=Str("scope") b=Str("inner") c=Str("event")"#],
    );
}

#[test]
fn what_a_line_hides_and_cuts_a_record_does_too() {
    check(
        builder().redact(Redaction::new()).max_value_len(8),
        || info!(target: "hub", password = "hunter2", long = "0123456789", "token=abcdef0123456789"),
        &[r#"INFO hub Some("token=[") password=Str("[redacted]") long=Str("0123456") truncated"#],
    );
}

#[test]
fn time_place_and_trace_are_there() {
    let trace = TraceContext::new(
        TraceId::new(7).unwrap(),
        SpanId::new(8).unwrap(),
        TraceFlags::SAMPLED,
    );
    let seen = Arc::new(AtomicUsize::new(0));
    let records = {
        let seen = seen.clone();
        move |record: &LogRecord<'_>| {
            assert_eq!(record.time(), clock());
            assert_eq!(record.trace(), Some(trace));
            assert_eq!(record.module(), Some(module_path!()));
            assert!(record.file().unwrap().ends_with("records.rs"));
            assert!(record.line().is_some());
            seen.fetch_add(1, Relaxed);
        }
    };
    lines_of(builder().records(records), || {
        trace.in_scope(|| info!("traced"));
    });
    assert_eq!(seen.load(Relaxed), 1);
}

#[test]
fn severities_are_those_of_the_lines() {
    check(
        builder(),
        || {
            tracing::trace!(target: "t", "1");
            critical!(target: "t", "2");
        },
        &[r#"DEBUG t Some("1")"#, r#"CRITICAL t Some("2")"#],
    );
}

#[test]
fn a_level_that_is_off_is_off_for_records() {
    check(
        builder().levels(Severity::Error),
        || {
            info!(target: "t", "no");
            error!(target: "t", "yes");
        },
        &[r#"ERROR t Some("yes")"#],
    );
}

#[test]
fn a_sink_of_records_that_panics_costs_nobody_else_anything() {
    let lines = Lines::default();
    let logging = Logging::builder("hub")
        .sink(lines.clone())
        .records(|_: &LogRecord<'_>| std::panic::resume_unwind(Box::new(())))
        .build()
        .unwrap();
    tracing::subscriber::with_default(logging.subscriber(), || info!("still here"));
    assert!(lines.take()[0].contains("still here"));
    assert_eq!(logging.stats().lines_total(), 1);
}

/// Has one record left, always.
struct Slow;

impl RecordSink for Slow {
    fn record(&self, _: &LogRecord<'_>) {}

    fn flush(&self, _: Instant) -> Flushed {
        Flushed::with_lines_left(1)
    }
}

#[test]
fn a_flush_waits_for_records_as_well() {
    let logging = Logging::builder("hub")
        .sink(())
        .records(Slow)
        .build()
        .unwrap();
    let flushed = logging.flush(Duration::from_secs(5));
    assert_eq!(flushed.lines_left(), 1);
}

/// What a reader of a record expects of a value.
fn expected(given: &Given) -> Option<FieldValue<'static>> {
    Some(match given {
        Given::Nothing => return None,
        Given::Str(text) | Given::Debug(text) => FieldValue::Str(text.clone().into()),
        Given::I64(n) => FieldValue::Int(*n),
        Given::U64(n) => i64::try_from(*n).map_or(FieldValue::Uint(*n), FieldValue::Int),
        Given::F64(n) if n.is_finite() => FieldValue::Float(*n),
        Given::F64(_) => FieldValue::Null,
        Given::Bool(b) => FieldValue::Bool(*b),
        other => panic!("{other:?} is not made here"),
    })
}

fn given() -> impl Strategy<Value = Given> {
    prop_oneof![
        Just(Given::Nothing),
        any::<String>().prop_map(Given::Str),
        "[\\x00-\\x1f\"\\\\\\x7f-\\xa0\u{2028}u0]{0,20}".prop_map(Given::Str),
        any::<String>().prop_map(Given::Debug),
        any::<i64>().prop_map(Given::I64),
        any::<u64>().prop_map(Given::U64),
        any::<f64>().prop_map(Given::F64),
        Just(Given::F64(f64::INFINITY)),
        any::<bool>().prop_map(Given::Bool),
    ]
}

fn fields() -> impl Strategy<Value = Fields> {
    let name = prop::sample::select(vec![
        "a",
        "a.b",
        "level",
        "timestamp",
        "c\"\n",
        "d",
        "fields",
    ]);
    let fields = prop::collection::btree_map(name.prop_map(String::from), given(), 0..5);
    fields.prop_map(|fields| fields.into_iter().collect())
}

proptest! {
    #[test]
    fn a_record_has_each_field_as_it_was_given(
        spans in prop::collection::vec(fields(), 0..3),
        event in fields(),
        profile in prop::sample::select(Profile::ALL.to_vec()),
    ) {
        let mut want = BTreeMap::new();
        for (name, given) in spans.iter().flatten().chain(&event) {
            if let Some(value) = expected(given) {
                want.insert(name.clone(), format!("{value:?}"));
            }
        }
        let got = Arc::new(Mutex::new(BTreeMap::new()));
        let records = {
            let got = got.clone();
            move |record: &LogRecord<'_>| {
                let mut got = got.lock().unwrap();
                record.for_each_field(|name, value| {
                    let twice = got.insert(name.to_owned(), format!("{value:?}"));
                    assert_eq!(twice, None, "{name} came twice");
                });
            }
        };
        lines_of(builder().profile(profile).records(records), || {
            let _entered: Vec<_> = spans.iter().map(|fields| dynamic::span("span", fields).entered()).collect();
            dynamic::event("t", &event);
        });
        prop_assert_eq!(&*got.lock().unwrap(), &want);
    }
}
