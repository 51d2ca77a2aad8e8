//! Which names the HTTP families have.

use crate::SetOptions;

/// Which names the HTTP families have.
///
/// ```
/// use omtx_metrics::{Registry, http::{HttpNames, RedObserver}};
///
/// let registry = Registry::builder().namespace("omtx_hub").build()?;
/// RedObserver::builder().names(HttpNames::OpenTelemetry).build(&registry)?;
/// assert!(registry.catalog().get("http_server_request_duration_seconds").is_some());
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HttpNames {
    /// `http_requests_total{method,endpoint,status}` and so on, whatever the registry's namespace. The default.
    #[default]
    Bare,
    /// The same names with the registry's namespace: `omtx_hub_http_requests_total`.
    Namespaced,
    /// The names of OpenTelemetry's semantic conventions, as Prometheus spells them:
    /// `http_server_request_duration_seconds{http_request_method,http_route}`. What the conventions do not have keeps its
    /// name behind `http_server_`.
    OpenTelemetry,
}

impl HttpNames {
    pub(super) fn options(self) -> SetOptions {
        let options = SetOptions::new();
        match self {
            Self::Bare => options,
            Self::Namespaced => options.namespaced(),
            // Semantic conventions 1.23, "HTTP metrics", "HTTP server"; units and `_total` as in the specification
            // "Prometheus and OpenMetrics compatibility".
            Self::OpenTelemetry => options
                .rename("http_requests_total", "http_server_requests_total")
                .rename(
                    "http_request_duration_seconds",
                    "http_server_request_duration_seconds",
                )
                .rename(
                    "http_response_head_seconds",
                    "http_server_response_head_seconds",
                )
                .rename("http_requests_in_flight", "http_server_active_requests")
                .rename("http_request_ends_total", "http_server_request_ends_total")
                .rename(
                    "http_request_size_bytes",
                    "http_server_request_body_size_bytes",
                )
                .rename(
                    "http_response_size_bytes",
                    "http_server_response_body_size_bytes",
                )
                .rename_label("method", "http_request_method")
                .rename_label("endpoint", "http_route")
                .rename_label("status", "http_response_status_code"),
        }
    }
}
