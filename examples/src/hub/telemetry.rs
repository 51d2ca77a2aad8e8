//! Traces, metrics and log records over OTLP: where `OTEL_EXPORTER_OTLP_ENDPOINT` says, or else nowhere.
//!
//! Trace ids are read from requests, stand in log lines and go out with webhooks in any case.

use omtx_tracing::{Error, Telemetry, TelemetryBuilder};

/// As the `OTEL_*` environment has it. What it says that cannot be is told on stderr, and the defaults apply.
///
/// # Errors
///
/// When something that the environment names cannot be had, such as a certificate, or there is no thread for the exporter.
pub fn install() -> Result<Telemetry, Error> {
    settings().from_env()?.install()
}

/// What everything that is exported says of the service.
pub fn settings() -> TelemetryBuilder {
    Telemetry::builder("omtx-hub").version(env!("CARGO_PKG_VERSION"))
}
