use std::fmt;

/// How serious a line is: what its `level` says.
///
/// The five names are those of Python's `logging` and of Google Cloud's `LogSeverity`, which closes the set. TRACE events
/// are DEBUG lines; `critical!` makes CRITICAL ones.
///
/// ```
/// use omtx_logging::Severity;
///
/// assert_eq!(Severity::from(tracing::Level::WARN).as_str(), "WARNING");
/// assert_eq!(Severity::from(tracing::Level::TRACE), Severity::Debug);
/// assert!(Severity::Critical > Severity::Error);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Detail for whoever looks for a fault; TRACE events too.
    Debug,
    /// What happened.
    Info,
    /// What may become a fault.
    Warning,
    /// What failed.
    Error,
    /// What took the service, or a part of it, down.
    Critical,
}

impl Severity {
    /// Every severity, the least serious first.
    pub const ALL: [Self; 5] = [
        Self::Debug,
        Self::Info,
        Self::Warning,
        Self::Error,
        Self::Critical,
    ];

    /// As it stands in a line: `DEBUG`, `INFO`, `WARNING`, `ERROR`, `CRITICAL`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }

    /// As a metric label: `debug`, `info`, `warning`, `error`, `critical`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl From<tracing::Level> for Severity {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::TRACE | tracing::Level::DEBUG => Self::Debug,
            tracing::Level::INFO => Self::Info,
            tracing::Level::WARN => Self::Warning,
            tracing::Level::ERROR => Self::Error,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
