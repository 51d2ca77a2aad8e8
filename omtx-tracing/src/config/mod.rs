//! What can be set, by builders and by the environment.

mod address;
mod batching;
mod endpoint;
mod environment;
mod exporter;
mod headers;
mod list;
mod log_limits;
mod metrics;
mod otlp;
mod per_signal;
mod sampling;
mod settings;
mod vars;
mod warning;

#[cfg(test)]
mod tests;

pub use batching::{
    Batching, DEFAULT_BATCH_DELAY, DEFAULT_CONSOLE_BATCH_DELAY, DEFAULT_EXPORT_TIMEOUT,
    DEFAULT_LOG_BATCH_DELAY, DEFAULT_MAX_BATCH_BYTES, DEFAULT_MAX_BATCH_RECORDS,
    DEFAULT_MAX_QUEUE_BYTES, DEFAULT_MAX_QUEUE_RECORDS, DEFAULT_METRICS_BATCH_DELAY,
    DEFAULT_METRICS_INTERVAL, DEFAULT_METRICS_MAX_BATCH_RECORDS, DEFAULT_METRICS_MAX_QUEUE_BYTES,
    DEFAULT_METRICS_MAX_QUEUE_RECORDS,
};
pub use endpoint::Protocol;
pub(crate) use endpoint::{Endpoint, Tls};
pub use exporter::Exporter;
pub use log_limits::LogLimits;
pub use metrics::{HistogramAggregation, Temporality};
pub use otlp::{DEFAULT_TIMEOUT, Otlp};
pub(crate) use per_signal::PerSignal;
pub(crate) use settings::Settings;
pub(crate) use vars::Vars;
pub use warning::Warning;
