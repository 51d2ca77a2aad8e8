//! What was recorded, exported and lost, as metrics.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use omtx_metrics::{
    Counter, Error, Family, Gauge, Histogram, IntGauge, LabelValue, Labels, MetricSet, Registry,
};

use crate::export::{Pipeline, SignalStats};
use crate::{DropReason, Propagators, Signal, Telemetry};

/// Why records were lost.
#[derive(Clone, Copy, Debug, Labels)]
pub struct DropLabels {
    /// What became of them.
    pub reason: DropReason,
}

/// What was exported.
#[derive(Clone, Copy, Debug, Labels)]
pub struct SignalLabels {
    /// traces, metrics or logs.
    pub signal: Signal,
}

/// What was exported, and how that went.
#[derive(Clone, Copy, Debug, Labels)]
pub struct ExportLabels {
    /// traces, metrics or logs.
    pub signal: Signal,
    /// What the collector said.
    pub outcome: ExportOutcome,
}

/// How one request to the collector went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[non_exhaustive]
pub enum ExportOutcome {
    /// The collector took it, perhaps but for some records.
    Accepted,
    /// The collector did not take it and may take it later, or could not be reached.
    Retryable,
    /// The collector will never take it.
    Refused,
    /// No answer came.
    Unknown,
}

/// A header that contexts travel in.
#[derive(Clone, Copy, Debug, Labels)]
pub struct HeaderLabels {
    /// Its name.
    pub header: ContextHeader,
}

/// The headers that contexts travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[non_exhaustive]
pub enum ContextHeader {
    /// W3C Trace Context.
    Traceparent,
    /// W3C Trace Context.
    Tracestate,
    /// W3C Baggage.
    Baggage,
    /// Zipkin's, in one header or several.
    B3,
}

/// What became of spans. A healthy service keeps `omtx_trace_spans_dropped_total` at 0.
#[derive(Debug, MetricSet)]
#[metrics(bare)]
#[non_exhaustive]
pub struct TraceMetrics {
    /// Sampled spans that were begun.
    pub omtx_trace_spans_created_total: Counter,
    /// Spans that the collector took.
    pub omtx_trace_spans_exported_total: Counter,
    /// Spans that were lost, by reason; unknown are those that were sent and perhaps arrived.
    #[metric(zeroed)]
    pub omtx_trace_spans_dropped_total: Family<DropLabels, Counter>,
    /// Spans that wait to be sent, or are being sent.
    pub omtx_trace_queue_spans: IntGauge,
    /// Bytes of the spans that wait to be sent, or are being sent.
    #[metric(unit = "bytes")]
    pub omtx_trace_queue_bytes: IntGauge,
    /// When the collector last took spans; absent until it did.
    #[metric(unit = "seconds")]
    pub omtx_trace_last_export_timestamp_seconds: Family<(), Gauge>,
}

/// What became of metric points that were exported over OTLP.
#[derive(Debug, MetricSet)]
#[metrics(bare)]
#[non_exhaustive]
pub struct PointMetrics {
    /// Metric points that the collector took.
    pub omtx_otlp_points_exported_total: Counter,
    /// Metric points that were lost, by reason; unknown are those that were sent and perhaps arrived.
    #[metric(zeroed)]
    pub omtx_otlp_points_dropped_total: Family<DropLabels, Counter>,
}

/// What became of log records that were exported over OTLP. Their lines are another matter.
#[derive(Debug, MetricSet)]
#[metrics(bare)]
#[non_exhaustive]
pub struct LogRecordMetrics {
    /// Log records that the collector took.
    pub omtx_otlp_log_records_exported_total: Counter,
    /// Log records that were lost, by reason; unknown are those that were sent and perhaps arrived.
    #[metric(zeroed)]
    pub omtx_otlp_log_records_dropped_total: Family<DropLabels, Counter>,
}

/// How requests to the collector went, of all signals.
#[derive(Debug, MetricSet)]
#[metrics(bare)]
#[non_exhaustive]
pub struct OtlpMetrics {
    /// Requests to the collector, by its answer.
    pub omtx_otlp_exports_total: Family<ExportLabels, Counter>,
    /// How long requests to the collector took, answered or not.
    #[metric(unit = "seconds", buckets = omtx_metrics::buckets::DURATION_SECONDS)]
    pub omtx_otlp_export_duration_seconds: Family<SignalLabels, Histogram>,
}

/// What came in and could not be used.
#[derive(Debug, MetricSet)]
#[metrics(bare)]
#[non_exhaustive]
pub struct PropagationMetrics {
    /// Headers, or members of them, that were malformed or too large and were not used.
    #[metric(zeroed)]
    pub omtx_trace_headers_rejected_total: Family<HeaderLabels, Counter>,
}

impl Telemetry {
    /// Shows in `registry` what was recorded, exported and lost.
    ///
    /// The families of signals that are [not exported](Self::exports) are left out. A second telemetry in the same registry is
    /// not shown.
    ///
    /// | family | type | labels |
    /// |---|---|---|
    /// | `omtx_trace_spans_created_total`, `omtx_trace_spans_exported_total` | counter | |
    /// | `omtx_trace_spans_dropped_total` | counter | `reason`: see [`DropReason`] |
    /// | `omtx_trace_queue_spans`, `omtx_trace_queue_bytes` | gauge | |
    /// | `omtx_trace_last_export_timestamp_seconds` | gauge, absent until spans were exported | |
    /// | `omtx_otlp_points_exported_total`, `omtx_otlp_log_records_exported_total` | counter | |
    /// | `omtx_otlp_points_dropped_total`, `omtx_otlp_log_records_dropped_total` | counter | `reason` |
    /// | `omtx_otlp_exports_total` | counter | `signal`; `outcome`: accepted, retryable, refused, unknown |
    /// | `omtx_otlp_export_duration_seconds` | histogram | `signal` |
    /// | `omtx_trace_headers_rejected_total` | counter | `header`: traceparent, tracestate, baggage, b3 |
    ///
    /// ```
    /// use omtx_metrics::Registry;
    /// use omtx_tracing::Telemetry;
    ///
    /// let registry = Registry::new();
    /// let telemetry = Telemetry::builder("checkout").build().unwrap();
    /// telemetry.register(&registry)?;
    /// // Nothing is exported, but contexts still come in.
    /// assert!(registry.to_text().contains(r#"omtx_trace_headers_rejected_total{header="traceparent"} 0"#));
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    ///
    /// # What to alert on
    ///
    /// Losses, and nothing having arrived for a while although there is something to send:
    ///
    /// ```yaml
    /// - alert: SpansLost
    ///   expr: sum by (job, reason) (increase(omtx_trace_spans_dropped_total[10m])) > 0
    ///   for: 10m
    /// - alert: TraceExportStalled
    ///   expr: time() - omtx_trace_last_export_timestamp_seconds > 300 and omtx_trace_queue_spans > 0
    /// - alert: TraceExportNeverWorked
    ///   expr: omtx_trace_spans_created_total > 0 unless omtx_trace_last_export_timestamp_seconds
    ///   for: 10m
    /// ```
    ///
    /// # Errors
    ///
    /// If the registry has a family of one of these names that is not ours.
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    pub fn register(&self, registry: &Registry) -> Result<(), Error> {
        let pipelines = Signal::ALL.map(|signal| self.pipeline(signal).cloned());
        expose(registry, pipelines, self.propagators().clone())
    }
}

/// Pipelines and not the telemetry, which would never be dropped if a registry held it.
fn expose(
    registry: &Registry,
    [traces, points, logs]: [Option<Pipeline>; 3],
    propagators: Propagators,
) -> Result<(), Error> {
    let mut new = false;
    let mirror = registry.shared(|| {
        new = true;
        let otlp: Option<Arc<OtlpMetrics>> = match (&traces, &points, &logs) {
            (None, None, None) => None,
            _ => Some(registry.register()?),
        };
        let mirror = Arc::new(Mirror {
            traces: registered(registry, traces)?,
            points: registered(registry, points)?,
            logs: registered(registry, logs)?,
            propagation: registry.register()?,
            otlp: otlp.clone(),
            propagators,
            updating: Mutex::new(()),
        });
        if let Some(otlp) = otlp {
            mirror.observe(&otlp);
        }
        Ok(mirror)
    })?;
    if new {
        registry.before_scrape(move || mirror.update());
    }
    Ok(())
}

type Shown<S> = Option<(Pipeline, Arc<S>)>;

fn registered<S: MetricSet>(
    registry: &Registry,
    pipeline: Option<Pipeline>,
) -> Result<Shown<S>, Error> {
    match pipeline {
        Some(pipeline) => Ok(Some((pipeline, registry.register()?))),
        None => Ok(None),
    }
}

/// Copies the counts of one telemetry into one registry.
struct Mirror {
    traces: Shown<TraceMetrics>,
    points: Shown<PointMetrics>,
    logs: Shown<LogRecordMetrics>,
    otlp: Option<Arc<OtlpMetrics>>,
    propagation: Arc<PropagationMetrics>,
    propagators: Propagators,
    updating: Mutex<()>,
}

impl Mirror {
    fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        let traces = self.traces.iter().map(|(pipeline, _)| pipeline);
        let points = self.points.iter().map(|(pipeline, _)| pipeline);
        let logs = self.logs.iter().map(|(pipeline, _)| pipeline);
        traces.chain(points).chain(logs)
    }

    fn observe(&self, otlp: &Arc<OtlpMetrics>) {
        for pipeline in self.pipelines() {
            let signal = pipeline.signal();
            let otlp = Arc::clone(otlp);
            pipeline.observe_attempts(Box::new(move |took: Duration| {
                let durations = &otlp.omtx_otlp_export_duration_seconds;
                durations
                    .with(SignalLabels { signal })
                    .observe(took.as_secs_f64());
            }));
        }
    }

    fn update(&self) {
        // Two scrapes at once must not both add what is new.
        let _one_writer = self.updating.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((pipeline, metrics)) = &self.traces {
            metrics.update(&pipeline.stats());
        }
        if let Some((pipeline, metrics)) = &self.points {
            let stats = pipeline.stats();
            raise(&metrics.omtx_otlp_points_exported_total, stats.exported);
            raise_dropped(&metrics.omtx_otlp_points_dropped_total, &stats);
        }
        if let Some((pipeline, metrics)) = &self.logs {
            let stats = pipeline.stats();
            raise(
                &metrics.omtx_otlp_log_records_exported_total,
                stats.exported,
            );
            raise_dropped(&metrics.omtx_otlp_log_records_dropped_total, &stats);
        }
        if let Some(otlp) = &self.otlp {
            for pipeline in self.pipelines() {
                otlp.update(pipeline);
            }
        }
        let rejected = self.propagators.rejected();
        for (header, total) in [
            (ContextHeader::Traceparent, rejected.traceparent),
            (ContextHeader::Tracestate, rejected.tracestate),
            (ContextHeader::Baggage, rejected.baggage),
            (ContextHeader::B3, rejected.b3),
        ] {
            let family = &self.propagation.omtx_trace_headers_rejected_total;
            raise(&family.with(HeaderLabels { header }), total);
        }
    }
}

impl TraceMetrics {
    fn update(&self, stats: &SignalStats) {
        raise(&self.omtx_trace_spans_created_total, stats.created);
        raise(&self.omtx_trace_spans_exported_total, stats.exported);
        raise_dropped(&self.omtx_trace_spans_dropped_total, stats);
        let spans = stats.waiting_records + stats.in_flight_records;
        self.omtx_trace_queue_spans.set(spans as i64);
        let bytes = stats.waiting_bytes + stats.in_flight_bytes;
        self.omtx_trace_queue_bytes.set(bytes as i64);
        if let Some(time) = stats.last_success {
            self.omtx_trace_last_export_timestamp_seconds
                .with(())
                .set(seconds(time));
        }
    }
}

impl OtlpMetrics {
    fn update(&self, pipeline: &Pipeline) {
        let signal = pipeline.signal();
        let attempts = pipeline.stats().attempts;
        for (outcome, total) in [
            (ExportOutcome::Accepted, attempts.accepted),
            (ExportOutcome::Retryable, attempts.retryable),
            (ExportOutcome::Refused, attempts.refused),
            (ExportOutcome::Unknown, attempts.unknown),
        ] {
            let labels = ExportLabels { signal, outcome };
            raise(&self.omtx_otlp_exports_total.with(labels), total);
        }
    }
}

fn raise_dropped(family: &Family<DropLabels, Counter>, stats: &SignalStats) {
    for reason in DropReason::ALL {
        raise(
            &family.with(DropLabels { reason }),
            stats.dropped.of(reason),
        );
    }
}

fn raise(counter: &Counter, total: u64) {
    counter.add(total.saturating_sub(counter.get()));
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Batching;
    use crate::export::testing::{Collector, Step, lane};
    use crate::export::{Exporter, ScopeId};

    const LONG: Duration = Duration::from_secs(60);

    /// Five of each: the first request of each signal is accepted but for one, the second is refused.
    fn exported(signals: &[Signal], registry: &Registry) -> Exporter {
        let lanes = signals.iter().map(|&signal| {
            let collector = Collector::new([Step::Reject(1), Step::Refuse]);
            lane(signal, Batching::default(), &collector)
        });
        let exporter = Exporter::start(lanes.collect(), None).expect("a thread");
        let pipelines = Signal::ALL.map(|signal| exporter.pipeline(signal).cloned());
        expose(registry, pipelines.clone(), Propagators::default()).expect("free names");
        for pipeline in pipelines.iter().flatten() {
            pipeline.created(6);
            pipeline.push(ScopeId(0), b"", 3);
            assert!(exporter.flush(LONG));
            pipeline.push(ScopeId(0), b"", 2);
            assert!(exporter.flush(LONG));
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
omtx_otlp_log_records_dropped_total{reason="bytes"} 0
omtx_otlp_log_records_dropped_total{reason="export_failed"} 2
omtx_otlp_log_records_dropped_total{reason="queue_full"} 0
omtx_otlp_log_records_dropped_total{reason="rejected"} 1
omtx_otlp_log_records_dropped_total{reason="shutdown"} 0
omtx_otlp_log_records_dropped_total{reason="unknown"} 0
omtx_otlp_log_records_exported_total 2
omtx_otlp_points_dropped_total{reason="bytes"} 0
omtx_otlp_points_dropped_total{reason="export_failed"} 2
omtx_otlp_points_dropped_total{reason="queue_full"} 0
omtx_otlp_points_dropped_total{reason="rejected"} 1
omtx_otlp_points_dropped_total{reason="shutdown"} 0
omtx_otlp_points_dropped_total{reason="unknown"} 0
omtx_otlp_points_exported_total 2
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
omtx_trace_spans_exported_total 2"#;
        assert_eq!(shown.join("\n"), expected.trim_start());
        for signal in Signal::ALL {
            let count =
                format!(r#"omtx_otlp_export_duration_seconds_count{{signal="{signal}"}} 2"#);
            assert!(text.contains(&count), "{text}");
        }
        let last = text
            .lines()
            .find_map(|line| line.strip_prefix("omtx_trace_last_export_timestamp_seconds "))
            .expect("something was exported");
        let now = seconds(SystemTime::now());
        assert!((0.0..600.0).contains(&(now - last.parse::<f64>().expect("a number"))));
    }

    #[test]
    fn a_signal_that_is_not_exported_is_left_out_and_a_second_registration_changes_nothing() {
        let registry = Registry::new();
        let exporter = exported(&[Signal::Logs], &registry);
        let pipelines = Signal::ALL.map(|signal| exporter.pipeline(signal).cloned());
        expose(&registry, pipelines, Propagators::default()).expect("it is there");
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
        expose(&registry, pipelines, Propagators::default()).expect("free names");
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
}
