//! What is exported.

use std::fmt;

/// What is exported: spans, metrics or log records.
///
/// ```
/// assert_eq!(omtx_tracing::Signal::Traces.to_string(), "traces");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "metrics", derive(omtx_metrics::LabelValue))]
#[non_exhaustive]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metric points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// Whether this build has anything to export of it.
    pub(crate) const fn is_compiled_in(self) -> bool {
        match self {
            Self::Traces => true,
            Self::Metrics => cfg!(feature = "metrics"),
            Self::Logs => cfg!(feature = "logs"),
        }
    }

    /// The name that OTLP/HTTP has for it in its paths (`/v1/traces`): `traces`, `metrics` or `logs`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// What one has several of.
    pub(crate) const fn records(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "metric points",
            Self::Logs => "log records",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
