//! The one error type of this crate: what was wrong at start-up, and what was expected.

use std::error::Error as StdError;
use std::fmt;

/// Why logging could not be set up.
///
/// Every message names the setting, its value and what was expected. Errors come from start-up only: writing a line cannot
/// fail.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrorKind {
    Invalid,
    Installed,
    Io,
}

#[allow(dead_code)] // the writers' and the panic hook's
impl Error {
    /// A value that breaks a rule: `invalid {what} "{value}"; expected {expectation}`.
    pub(crate) fn invalid(what: &str, value: impl fmt::Display, expectation: &str) -> Self {
        Self {
            kind: ErrorKind::Invalid,
            message: format!("invalid {what} \"{value}\"; expected {expectation}"),
            source: None,
        }
    }

    /// The process has a subscriber, or a logger, already.
    pub(crate) fn installed(what: &str, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            kind: ErrorKind::Installed,
            message: format!(
                "this process has {what} already; expected to be the first to install one"
            ),
            source: Some(Box::new(source)),
        }
    }

    /// What the operating system refused: `cannot {what}`.
    pub(crate) fn io(what: impl fmt::Display, source: std::io::Error) -> Self {
        Self {
            kind: ErrorKind::Io,
            message: format!("cannot {what}"),
            source: Some(Box::new(source)),
        }
    }

    /// True if a setting or an environment variable is malformed.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.kind == ErrorKind::Invalid
    }

    /// True if the process has a global subscriber or logger already.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        self.kind == ErrorKind::Installed
    }

    /// True if the operating system refused a file, a socket or a thread.
    #[must_use]
    pub fn is_io(&self) -> bool {
        self.kind == ErrorKind::Io
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
