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
//! # What to alert on
//!
//! The rows of `http_request_ends_total` exist, with zeros, from the first request of a method and route on, so that the
//! first error of a route is an increase that `rate()` sees:
//!
//! ```promql
//! sum by (job) (rate(http_request_ends_total{end=~"error|panicked|body_error"}[5m]))
//!   / sum by (job) (rate(http_request_ends_total[5m]))
//! ```
//!
//! A row of `http_requests_total` appears with the first request of its status, already at 1.
//!
//! # How many rows there can be
//!
//! Methods times routes: the registered methods and `other`, the routes of the router and `unmatched`. A method that a
//! route does not have is counted under that route, with status 405.
//!
//! # Troubleshooting
//!
//! - *A route is missing.* It was added behind the layer: `.layer(…)` wraps the routes that are there. Or it is one of
//!   [`DEFAULT_SKIPPED`], the probes and the scrape.
//! - *Everything is counted twice.* The layer wraps an inner router and the outer one. Wrap once.
//! - *All requests are `unmatched`.* The layer is outside the router, as with `nest_service`, and does not see its
//!   templates. Put it on the router itself, or say what the endpoint is with
//!   [`endpoint_fn`](omtx_http::ObserveLayer::endpoint_fn).

mod labels;
mod metrics;
mod names;
mod observer;
mod route;
mod statuses;

pub use labels::{EndLabels, RequestLabels, RouteLabels};
pub use metrics::HttpMetrics;
pub use names::HttpNames;
pub use observer::{DEFAULT_SKIPPED, RedObserver, RedObserverBuilder};
