//! The HTTP families.

use super::{EndLabels, RequestLabels, RouteLabels};
use crate::{Counter, Family, Histogram, IntGauge, MetricSet, buckets};

/// The HTTP families: bare unless [`HttpNames`](super::HttpNames) says otherwise.
#[derive(Debug, MetricSet)]
#[metrics(bare, crate = crate)]
#[non_exhaustive]
pub struct HttpMetrics {
    /// Requests that ended, by status; 499 is a client that went away before the response, 500 also a panic.
    #[metric(max_series = 20_000)]
    pub http_requests_total: Family<RequestLabels<'static>, Counter>,
    /// Time from the request's arrival to the end of the response body. Event streams and upgrades are left out.
    #[metric(unit = "seconds", buckets = buckets::DURATION_SECONDS, max_series = 5_000, exemplars)]
    pub http_request_duration_seconds: Family<RouteLabels<'static>, Histogram>,
    /// Time from the request's arrival to the head of the response.
    #[metric(unit = "seconds", buckets = buckets::DURATION_SECONDS, max_series = 5_000)]
    pub http_response_head_seconds: Family<RouteLabels<'static>, Histogram>,
    /// Requests that have not ended.
    #[metric(max_series = 5_000)]
    pub http_requests_in_flight: Family<RouteLabels<'static>, IntGauge>,
    /// Requests that ended, by how: ok, error (5xx), cancelled (before the response), aborted (in its body), panicked, body_error.
    #[metric(max_series = 30_000)]
    pub http_request_ends_total: Family<EndLabels<'static>, Counter>,
    /// Bytes of the request body that were read.
    #[metric(unit = "bytes", buckets = buckets::SIZE_BYTES, max_series = 5_000)]
    pub http_request_size_bytes: Family<RouteLabels<'static>, Histogram>,
    /// Bytes of the response body that were delivered.
    #[metric(unit = "bytes", buckets = buckets::SIZE_BYTES, max_series = 5_000)]
    pub http_response_size_bytes: Family<RouteLabels<'static>, Histogram>,
}
