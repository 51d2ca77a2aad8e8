//! The families, and their labels.

use omtx_metrics::{Counter, Family, Gauge, Histogram, IntGauge, LabelValue, Labels, MetricSet};

use crate::{DropReason, Signal};

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
    /// Values of spans that were cut because they were longer than a limit.
    pub omtx_trace_values_truncated_total: Counter,
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
    /// Metric points that were read to be exported.
    pub omtx_otlp_points_created_total: Counter,
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
    /// Log records that were logged to be exported.
    pub omtx_otlp_log_records_created_total: Counter,
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
    /// Records that wait to be sent, or are being sent.
    pub omtx_otlp_queue_records: Family<SignalLabels, IntGauge>,
    /// Bytes of the records that wait to be sent, or are being sent.
    #[metric(unit = "bytes")]
    pub omtx_otlp_queue_bytes: Family<SignalLabels, IntGauge>,
    /// When the collector last took something of a signal; absent until it did.
    #[metric(unit = "seconds")]
    pub omtx_otlp_last_export_timestamp_seconds: Family<SignalLabels, Gauge>,
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
