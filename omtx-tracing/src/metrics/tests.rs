use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use omtx_metrics::Registry;

use super::mirror::{expose, seconds};
use crate::config::Batching;
use crate::export::testing::{Collector, Step, lane};
use crate::export::{Exporter, ScopeId};
use crate::{DropReason, Propagators, Signal};

const LONG: Duration = Duration::from_secs(60);

/// Five of each: the first request of each signal is accepted but for one, the second is refused.
fn exported(signals: &[Signal], registry: &Registry) -> Exporter {
    let lanes = signals.iter().map(|&signal| {
        let collector = Collector::new([Step::Reject(1), Step::Refuse]);
        lane(signal, Batching::default(), &collector)
    });
    let exporter = Exporter::start(lanes.collect(), None).expect("a thread");
    let pipelines = Signal::ALL.map(|signal| exporter.pipeline(signal).cloned());
    let truncated = Arc::new(AtomicU64::new(7));
    expose(
        registry,
        pipelines.clone(),
        Propagators::default(),
        truncated,
    )
    .expect("free names");
    for pipeline in pipelines.iter().flatten() {
        pipeline.created(6);
        pipeline.push(ScopeId(0), b"", 3);
        assert!(exporter.flush(LONG).is_complete());
        pipeline.push(ScopeId(0), b"", 2);
        assert!(exporter.flush(LONG).is_complete());
    }
    exporter
}

#[test]
fn every_family_shows_what_the_stats_say() {
    let registry = Registry::new();
    let exporter = exported(&Signal::ALL, &registry);
    exporter
        .pipeline(Signal::Traces)
        .expect("it is there")
        .dropped(DropReason::QueueFull, 1);
    let text = registry.to_text();
    let mut shown: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("omtx_trace_") || line.starts_with("omtx_otlp_"))
        .filter(|line| !line.contains("_duration_seconds_") && !line.contains("timestamp"))
        .collect();
    shown.sort_unstable();
    let expected = r#"
omtx_otlp_exports_total{signal="logs",outcome="accepted"} 1
omtx_otlp_exports_total{signal="logs",outcome="refused"} 1
omtx_otlp_exports_total{signal="logs",outcome="retryable"} 0
omtx_otlp_exports_total{signal="logs",outcome="unknown"} 0
omtx_otlp_exports_total{signal="metrics",outcome="accepted"} 1
omtx_otlp_exports_total{signal="metrics",outcome="refused"} 1
omtx_otlp_exports_total{signal="metrics",outcome="retryable"} 0
omtx_otlp_exports_total{signal="metrics",outcome="unknown"} 0
omtx_otlp_exports_total{signal="traces",outcome="accepted"} 1
omtx_otlp_exports_total{signal="traces",outcome="refused"} 1
omtx_otlp_exports_total{signal="traces",outcome="retryable"} 0
omtx_otlp_exports_total{signal="traces",outcome="unknown"} 0
omtx_otlp_log_records_created_total 6
omtx_otlp_log_records_dropped_total{reason="bytes"} 0
omtx_otlp_log_records_dropped_total{reason="export_failed"} 2
omtx_otlp_log_records_dropped_total{reason="queue_full"} 0
omtx_otlp_log_records_dropped_total{reason="rejected"} 1
omtx_otlp_log_records_dropped_total{reason="shutdown"} 0
omtx_otlp_log_records_dropped_total{reason="unknown"} 0
omtx_otlp_log_records_exported_total 2
omtx_otlp_points_created_total 6
omtx_otlp_points_dropped_total{reason="bytes"} 0
omtx_otlp_points_dropped_total{reason="export_failed"} 2
omtx_otlp_points_dropped_total{reason="queue_full"} 0
omtx_otlp_points_dropped_total{reason="rejected"} 1
omtx_otlp_points_dropped_total{reason="shutdown"} 0
omtx_otlp_points_dropped_total{reason="unknown"} 0
omtx_otlp_points_exported_total 2
omtx_otlp_queue_bytes{signal="logs"} 0
omtx_otlp_queue_bytes{signal="metrics"} 0
omtx_otlp_queue_bytes{signal="traces"} 0
omtx_otlp_queue_records{signal="logs"} 0
omtx_otlp_queue_records{signal="metrics"} 0
omtx_otlp_queue_records{signal="traces"} 0
omtx_trace_headers_rejected_total{header="b3"} 0
omtx_trace_headers_rejected_total{header="baggage"} 0
omtx_trace_headers_rejected_total{header="traceparent"} 0
omtx_trace_headers_rejected_total{header="tracestate"} 0
omtx_trace_queue_bytes 0
omtx_trace_queue_spans 0
omtx_trace_spans_created_total 6
omtx_trace_spans_dropped_total{reason="bytes"} 0
omtx_trace_spans_dropped_total{reason="export_failed"} 2
omtx_trace_spans_dropped_total{reason="queue_full"} 1
omtx_trace_spans_dropped_total{reason="rejected"} 1
omtx_trace_spans_dropped_total{reason="shutdown"} 0
omtx_trace_spans_dropped_total{reason="unknown"} 0
omtx_trace_spans_exported_total 2
omtx_trace_values_truncated_total 7"#;
    assert_eq!(shown.join("\n"), expected.trim_start());
    for signal in Signal::ALL {
        let count = format!(r#"omtx_otlp_export_duration_seconds_count{{signal="{signal}"}} 2"#);
        assert!(text.contains(&count), "{text}");
    }
    let now = seconds(SystemTime::now());
    for family in [
        "omtx_trace_last_export_timestamp_seconds ",
        r#"omtx_otlp_last_export_timestamp_seconds{signal="traces"} "#,
        r#"omtx_otlp_last_export_timestamp_seconds{signal="metrics"} "#,
        r#"omtx_otlp_last_export_timestamp_seconds{signal="logs"} "#,
    ] {
        let last = text.lines().find_map(|line| line.strip_prefix(family));
        let last: f64 = last.expect(family).parse().expect("a number");
        assert!((0.0..600.0).contains(&(now - last)), "{family}{last}");
    }
}

#[test]
fn what_waits_is_shown_signal_by_signal() {
    let registry = Registry::new();
    let collector = Collector::default();
    collector.always(Step::HangForEver);
    let lanes = [Signal::Traces, Signal::Logs];
    let lanes = lanes.map(|signal| lane(signal, Batching::default(), &collector));
    let exporter = Exporter::start(lanes.into(), None).expect("a thread");
    let pipelines = Signal::ALL.map(|signal| exporter.pipeline(signal).cloned());
    expose(&registry, pipelines, Propagators::default(), Arc::default()).expect("free names");
    let logs = exporter.pipeline(Signal::Logs).expect("it is there");
    for waiting in 1..=3 {
        logs.created(1);
        logs.push(ScopeId(0), b"", 1);
        let text = registry.to_text();
        // 12 bytes a record, beside its own.
        for line in [
            format!(r#"omtx_otlp_queue_records{{signal="logs"}} {waiting}"#),
            format!(r#"omtx_otlp_queue_bytes{{signal="logs"}} {}"#, waiting * 12),
            r#"omtx_otlp_queue_records{signal="traces"} 0"#.to_owned(),
            format!("omtx_otlp_log_records_created_total {waiting}"),
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
        }
        assert!(!text.contains("omtx_otlp_last_export_timestamp_seconds{"));
    }
    exporter.shutdown(Duration::ZERO);
}

#[test]
fn a_signal_that_is_not_exported_is_left_out_and_a_second_registration_changes_nothing() {
    let registry = Registry::new();
    let exporter = exported(&[Signal::Logs], &registry);
    let pipelines = Signal::ALL.map(|signal| exporter.pipeline(signal).cloned());
    expose(&registry, pipelines, Propagators::default(), Arc::default()).expect("it is there");
    let text = registry.to_text();
    assert!(
        text.contains("omtx_otlp_log_records_exported_total 2\n"),
        "{text}"
    );
    assert!(text.contains(r#"omtx_otlp_export_duration_seconds_count{signal="logs"} 2"#));
    assert!(
        !text.contains("omtx_trace_spans") && !text.contains("points"),
        "{text}"
    );
}

#[test]
fn nothing_that_was_exported_yet_has_no_time() {
    let registry = Registry::new();
    let collector = Collector::default();
    let lanes = vec![lane(Signal::Traces, Batching::default(), &collector)];
    let exporter = Exporter::start(lanes, None).expect("a thread");
    let pipelines = [exporter.pipeline(Signal::Traces).cloned(), None, None];
    expose(&registry, pipelines, Propagators::default(), Arc::default()).expect("free names");
    let text = registry.to_text();
    assert!(
        !text.contains("omtx_trace_last_export_timestamp_seconds "),
        "{text}"
    );
}

#[test]
fn a_registry_does_not_keep_the_exporter_alive() {
    let registry = Registry::new();
    let exporter = exported(&[Signal::Traces], &registry);
    let pipeline = exporter
        .pipeline(Signal::Traces)
        .expect("it is there")
        .clone();
    drop(exporter);
    assert!(!pipeline.is_open());
}

#[test]
fn names_and_help_texts_are_as_prometheus_wants_them() {
    let registry = Registry::new();
    let _exporter = exported(&Signal::ALL, &registry);
    let problems = omtx_metrics::testing::lint(&registry.catalog());
    assert!(problems.is_empty(), "{problems:?}");
}
