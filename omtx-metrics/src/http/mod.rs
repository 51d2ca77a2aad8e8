//! RED metrics for HTTP: rate, errors and duration of every request, and how it ended.
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use axum::{Router, routing::get};
//! use omtx_metrics::{Registry, http::RedObserver};
//!
//! let registry = Registry::new();
//! let app: Router = Router::new()
//!     .route("/jobs/{id}", get(|| async { "queued" }))
//!     .layer(omtx_http::axum_layer(RedObserver::new(&registry)?))
//!     .route("/metrics", registry.metrics_route());
//! # }
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! What a request of 3 ms to `/jobs/7` leaves behind:
//!
//! ```text
//! http_requests_total{method="GET",endpoint="/jobs/{id}",status="200"} 1
//! http_request_ends_total{method="GET",endpoint="/jobs/{id}",end="ok"} 1
//! http_request_duration_seconds_bucket{method="GET",endpoint="/jobs/{id}",le="0.005"} 1
//! http_response_head_seconds_bucket{method="GET",endpoint="/jobs/{id}",le="0.005"} 1
//! http_request_size_bytes_sum{method="GET",endpoint="/jobs/{id}"} 0
//! http_response_size_bytes_sum{method="GET",endpoint="/jobs/{id}"} 6
//! http_requests_in_flight{method="GET",endpoint="/jobs/{id}"} 0
//! ```
//!
//! The rows of a method and route exist, with zeros, from its first request on, so that the first error of a route is an
//! increase that `rate()` sees.

mod labels;
mod metrics;
mod names;
mod observer;
mod route;
mod statuses;

pub use labels::{EndLabels, RequestLabels, RouteLabels};
pub use metrics::HttpMetrics;
pub use names::HttpNames;
pub use observer::{DEFAULT_SKIPPED, RedBuilder, RedObserver};
