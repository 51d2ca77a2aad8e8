//! From counts to families, before every scrape.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use omtx_metrics::{Counter, Error, Family, MetricSet, Registry};

use super::families::{
    ContextHeader, DropLabels, ExportLabels, ExportOutcome, HeaderLabels, LogRecordMetrics,
    OtlpMetrics, PointMetrics, PropagationMetrics, SignalLabels, TraceMetrics,
};
use crate::export::{Pipeline, SignalStats};
use crate::{DropReason, Propagators, Signal};

/// Pipelines and not the telemetry, which would never be dropped if a registry held it. `truncated` counts values of spans.
pub(super) fn expose(
    registry: &Registry,
    [traces, points, logs]: [Option<Pipeline>; 3],
    propagators: Propagators,
    truncated: Arc<AtomicU64>,
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
            truncated,
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
    truncated: Arc<AtomicU64>,
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

    /// A signal's numbers, after those were shown that all signals have.
    fn shown(&self, pipeline: &Pipeline) -> SignalStats {
        let stats = pipeline.stats();
        if let Some(otlp) = &self.otlp {
            otlp.update(pipeline.signal(), &stats);
        }
        stats
    }

    fn update(&self) {
        // Two scrapes at once must not both add what is new.
        let _one_writer = self.updating.lock().unwrap_or_else(PoisonError::into_inner);
        // Each signal is asked once: whatever is shown of it is of one moment, and adds up.
        if let Some((pipeline, metrics)) = &self.traces {
            metrics.update(&self.shown(pipeline));
            let truncated = self.truncated.load(Relaxed);
            raise(&metrics.omtx_trace_values_truncated_total, truncated);
        }
        if let Some((pipeline, metrics)) = &self.points {
            let stats = self.shown(pipeline);
            raise(&metrics.omtx_otlp_points_created_total, stats.created);
            raise(&metrics.omtx_otlp_points_exported_total, stats.exported);
            raise_dropped(&metrics.omtx_otlp_points_dropped_total, &stats);
        }
        if let Some((pipeline, metrics)) = &self.logs {
            let stats = self.shown(pipeline);
            raise(&metrics.omtx_otlp_log_records_created_total, stats.created);
            raise(
                &metrics.omtx_otlp_log_records_exported_total,
                stats.exported,
            );
            raise_dropped(&metrics.omtx_otlp_log_records_dropped_total, &stats);
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
        self.omtx_trace_queue_spans.set(queued_records(stats));
        self.omtx_trace_queue_bytes.set(queued_bytes(stats));
        if let Some(time) = stats.last_success {
            self.omtx_trace_last_export_timestamp_seconds
                .with(())
                .set(seconds(time));
        }
    }
}

impl OtlpMetrics {
    fn update(&self, signal: Signal, stats: &SignalStats) {
        for (outcome, total) in [
            (ExportOutcome::Accepted, stats.attempts.accepted),
            (ExportOutcome::Retryable, stats.attempts.retryable),
            (ExportOutcome::Refused, stats.attempts.refused),
            (ExportOutcome::Unknown, stats.attempts.unknown),
        ] {
            let labels = ExportLabels { signal, outcome };
            raise(&self.omtx_otlp_exports_total.with(labels), total);
        }
        let labels = SignalLabels { signal };
        self.omtx_otlp_queue_records
            .with(labels)
            .set(queued_records(stats));
        self.omtx_otlp_queue_bytes
            .with(labels)
            .set(queued_bytes(stats));
        if let Some(time) = stats.last_success {
            self.omtx_otlp_last_export_timestamp_seconds
                .with(labels)
                .set(seconds(time));
        }
    }
}

fn queued_records(stats: &SignalStats) -> i64 {
    (stats.waiting_records + stats.in_flight_records) as i64
}

fn queued_bytes(stats: &SignalStats) -> i64 {
    (stats.waiting_bytes + stats.in_flight_bytes) as i64
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

pub(super) fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
