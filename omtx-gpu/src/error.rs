//! The one error type of this crate: what was wrong at start-up, and what was expected.

use std::fmt;

/// Why a collector could not be set up.
///
/// A missing driver is none of these: a collector starts without one, says so, and goes on looking for it.
///
/// ```
/// use std::time::Duration;
/// use omtx_gpu::GpuCollector;
///
/// let error = GpuCollector::builder().interval(Duration::ZERO).start().unwrap_err();
/// assert_eq!(error.to_string(), "invalid interval \"0ns\"; expected 10 ms to 1 h");
/// assert!(error.is_invalid());
/// ```
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Invalid,
    Thread,
    Metrics,
}

impl Error {
    /// A value that breaks a rule.
    pub(crate) fn invalid(what: &str, value: impl fmt::Display, expectation: &str) -> Self {
        Self {
            kind: Kind::Invalid,
            message: format!("invalid {what} \"{value}\"; expected {expectation}"),
            source: None,
        }
    }

    /// The operating system grants no thread.
    pub(crate) fn thread(name: &str, source: std::io::Error) -> Self {
        Self {
            kind: Kind::Thread,
            message: format!("no thread \"{name}\"; expected the operating system to grant one"),
            source: Some(Box::new(source)),
        }
    }

    /// A registry that is taken.
    pub(crate) fn conflict(message: &str) -> Self {
        Self {
            kind: Kind::Metrics,
            message: message.to_owned(),
            source: None,
        }
    }

    /// True if a setting, or a variable of the environment, has a value that makes no sense.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.kind == Kind::Invalid
    }

    /// True if the registry refused the families.
    #[must_use]
    pub fn is_metrics(&self) -> bool {
        self.kind == Kind::Metrics
    }
}

impl From<omtx_metrics::Error> for Error {
    fn from(source: omtx_metrics::Error) -> Self {
        Self {
            kind: Kind::Metrics,
            message: source.to_string(),
            source: Some(Box::new(source)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
