//! What was recorded, exported and lost, as metrics.

mod families;
mod mirror;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use omtx_metrics::{Error, Registry};

pub use self::families::{
    ContextHeader, DropLabels, ExportLabels, ExportOutcome, HeaderLabels, LogRecordMetrics,
    OtlpMetrics, PointMetrics, PropagationMetrics, SignalLabels, TraceMetrics,
};
use crate::{Signal, Telemetry};

impl Telemetry {
    /// Shows in `registry` what was recorded, exported and lost.
    ///
    /// The families of signals that are [not exported](Self::exports) are left out. A second telemetry in the same registry is
    /// not shown.
    ///
    /// | family | type | labels |
    /// |---|---|---|
    /// | `omtx_trace_spans_created_total`, `omtx_trace_spans_exported_total` | counter | |
    /// | `omtx_trace_spans_dropped_total` | counter | `reason`: see [`DropReason`](crate::DropReason) |
    /// | `omtx_trace_values_truncated_total` (see [`TracerProvider::values_truncated`](crate::TracerProvider::values_truncated)) | counter | |
    /// | `omtx_trace_queue_spans`, `omtx_trace_queue_bytes` | gauge | |
    /// | `omtx_trace_last_export_timestamp_seconds` | gauge, absent until spans were exported | |
    /// | `omtx_otlp_points_created_total`, `omtx_otlp_log_records_created_total` | counter | |
    /// | `omtx_otlp_points_exported_total`, `omtx_otlp_log_records_exported_total` | counter | |
    /// | `omtx_otlp_points_dropped_total`, `omtx_otlp_log_records_dropped_total` | counter | `reason` |
    /// | `omtx_otlp_exports_total` | counter | `signal`; `outcome`: accepted, retryable, refused, unknown |
    /// | `omtx_otlp_export_duration_seconds` | histogram | `signal` |
    /// | `omtx_otlp_queue_records`, `omtx_otlp_queue_bytes` | gauge | `signal` |
    /// | `omtx_otlp_last_export_timestamp_seconds` | gauge, absent until something of the signal was exported | `signal` |
    /// | `omtx_trace_headers_rejected_total` | counter | `header`: traceparent, tracestate, baggage, b3 |
    ///
    /// With `signal="traces"` the gauges `omtx_otlp_*` show what `omtx_trace_*` show.
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
    /// and, where metrics or log records are exported, the same of these:
    ///
    /// ```yaml
    /// - alert: RecordsLost
    ///   expr: |
    ///     sum by (job, reason) (increase(omtx_otlp_points_dropped_total[10m])) > 0
    ///     or sum by (job, reason) (increase(omtx_otlp_log_records_dropped_total[10m])) > 0
    ///   for: 10m
    /// - alert: ExportStalled
    ///   expr: time() - omtx_otlp_last_export_timestamp_seconds{signal!="traces"} > 300 and omtx_otlp_queue_records > 0
    /// ```
    ///
    /// # Errors
    ///
    /// If the registry has a family of one of these names that is not ours.
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    pub fn register(&self, registry: &Registry) -> Result<(), Error> {
        let pipelines = Signal::ALL.map(|signal| self.pipeline(signal).cloned());
        let truncated = Arc::clone(self.tracer_provider().truncated());
        mirror::expose(registry, pipelines, self.propagators().clone(), truncated)
    }
}
