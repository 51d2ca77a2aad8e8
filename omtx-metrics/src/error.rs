//! The one error type of this crate: what was wrong at start-up, and what was expected.

use std::fmt;
use std::path::Path;

/// Why a registry, a metric set or a collector could not be set up, or a file not be written.
///
/// Every message names the value that was refused and what was expected. Recording a value and answering a scrape cannot
/// fail.
///
/// ```
/// use omtx_metrics::Registry;
///
/// let error = Registry::builder().namespace("9x").build().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"invalid namespace "9x"; expected [a-zA-Z_][a-zA-Z0-9_]*"#,
/// );
/// assert!(error.is_invalid());
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<std::io::Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrorKind {
    Invalid,
    Conflict,
    Thread,
    Io,
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

    /// A name that is taken.
    pub(crate) fn conflict(message: String) -> Self {
        Self {
            kind: ErrorKind::Conflict,
            message,
            source: None,
        }
    }

    /// The operating system grants no thread.
    pub(crate) fn thread(what: &str, source: std::io::Error) -> Self {
        Self {
            kind: ErrorKind::Thread,
            message: format!("no thread for {what}; expected the operating system to grant one"),
            source: Some(source),
        }
    }

    /// An address cannot be bound.
    #[cfg(feature = "listener")]
    pub(crate) fn address(address: &impl fmt::Debug, source: std::io::Error) -> Self {
        Self {
            kind: ErrorKind::Io,
            message: format!(
                "cannot listen on {address:?}: {source}; expected an address of this host with a free port"
            ),
            source: Some(source),
        }
    }

    /// A file cannot be written.
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self {
            kind: ErrorKind::Io,
            message: format!(
                "cannot write \"{}\": {source}; expected a directory with room that this process may write to",
                path.display()
            ),
            source: Some(source),
        }
    }

    /// True if a name, a bucket layout, a label or a setting is malformed.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.kind == ErrorKind::Invalid
    }

    /// True if the operating system refused something: a thread, a file, an address.
    #[must_use]
    pub fn is_io(&self) -> bool {
        matches!(self.kind, ErrorKind::Thread | ErrorKind::Io)
    }

    /// True if a family or a collector of this name is registered already.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind == ErrorKind::Conflict
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
