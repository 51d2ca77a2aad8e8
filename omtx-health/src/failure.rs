//! A check that fails.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};

/// Why a check failed.
///
/// Shown to those only whom the application lets see details, and written to the log. A check keeps credentials out of it
/// all the same.
///
/// Any error becomes a failure, with all its sources; so `?` works inside checks:
///
/// ```
/// use omtx_health::Failure;
/// use std::io;
///
/// #[derive(Debug)]
/// struct Query(io::Error);
///
/// impl std::fmt::Display for Query {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         f.write_str("cannot ask db:5432")
///     }
/// }
///
/// impl std::error::Error for Query {
///     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
///         Some(&self.0)
///     }
/// }
///
/// let failure = Failure::from(Query(io::Error::other("connection refused")));
/// assert_eq!(failure.to_string(), "cannot ask db:5432: connection refused");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    error: String,
    details: Map<String, Value>,
}

impl Failure {
    /// A failure for this reason.
    #[must_use]
    pub fn new(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            details: Map::new(),
        }
    }

    /// Adds a detail, in place of one with the same key.
    ///
    /// ```
    /// use omtx_health::Failure;
    ///
    /// let failure = Failure::new("too many connections").detail("max_connections", 100);
    /// assert_eq!(failure.details()["max_connections"], 100);
    /// ```
    #[must_use]
    pub fn detail(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.details.insert(key.into(), value.into());
        self
    }

    /// The reason.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// The details.
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

/// No `Error` itself: that is what lets every error become one.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let cause = error.to_string();
            // Many libraries repeat the cause in their own message.
            if !text.ends_with(&cause) {
                text.push_str(": ");
                text.push_str(&cause);
            }
            source = error.source();
        }
        Self::new(text)
    }
}
