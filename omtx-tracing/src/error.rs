//! The one error type of this crate: what was wrong at start-up, and what was expected.

use std::fmt;

/// Why telemetry could not be set up.
///
/// Every message names the setting, its value and what was expected. Errors come from start-up only: spans, exports and a
/// collector that is away are never one.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrorKind {
    Invalid,
    Unsupported,
    System,
}

impl Error {
    /// A value that breaks a rule: `invalid {what} "{value}"; expected {expectation}`.
    pub(crate) fn invalid(what: &str, value: impl fmt::Display, expectation: &str) -> Self {
        Self {
            kind: ErrorKind::Invalid,
            message: format!("invalid {what} \"{value}\"; expected {expectation}"),
            source: None,
        }
    }

    /// What this build cannot do, and the feature that can.
    #[allow(dead_code)] // a build with everything has no use for it
    pub(crate) fn unsupported(what: impl fmt::Display, feature: &str) -> Self {
        Self {
            kind: ErrorKind::Unsupported,
            message: format!("{what} needs the feature `{feature}` of omtx-tracing"),
            source: None,
        }
    }

    /// What the system did not grant.
    pub(crate) fn system(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::System,
            message: message.into(),
            source: None,
        }
    }

    /// The same error, and what it came from.
    pub(crate) fn because(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// True if a setting is malformed.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.kind == ErrorKind::Invalid
    }

    /// True if a setting asks for what was not compiled in; the message names the feature.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.kind == ErrorKind::Unsupported
    }

    /// True if the operating system did not grant what was asked of it: a file, a thread.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.kind == ErrorKind::System
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
