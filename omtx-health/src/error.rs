//! The one error type of this crate: what was wrong at start-up, and what was expected.

use std::fmt;

/// Why health checks or a drain could not be set up.
///
/// Every message names the value that was refused and what was expected. Errors come from start-up only: running checks and
/// answering probes cannot fail.
///
/// ```
/// use omtx_health::{Health, Spec, Verdict};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let error = Health::builder("shop")
///     .check(Spec::new("my db", || async { Ok(Verdict::up()) }))
///     .build()
///     .unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"invalid check name "my db"; expected 1 to 64 of [a-zA-Z0-9_.-]"#,
/// );
/// assert!(error.is_invalid());
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrorKind {
    Invalid,
    Conflict,
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

    /// A name that is taken.
    pub(crate) fn conflict(what: &str, name: &str) -> Self {
        Self {
            kind: ErrorKind::Conflict,
            message: format!("there is a {what} \"{name}\" already; expected a name of its own"),
            source: None,
        }
    }

    /// What the system or the runtime did not grant.
    pub(crate) fn system(message: &str) -> Self {
        Self {
            kind: ErrorKind::System,
            message: message.to_owned(),
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

    /// True if a name, a time or a setting is malformed.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.kind == ErrorKind::Invalid
    }

    /// True if a check of this name is registered already.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind == ErrorKind::Conflict
    }

    /// True if the operating system or the runtime did not grant what was asked of it.
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
