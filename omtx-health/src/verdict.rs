//! A check that passes.

use serde_json::{Map, Value};

/// What a check says of a thing that works: well, or with a reservation.
///
/// Message and details are shown to those only whom the application lets see them.
///
/// ```
/// use omtx_health::Verdict;
///
/// let verdict = Verdict::degraded("82 % of the disk is used").detail("used_ratio", 0.82);
/// assert!(verdict.is_degraded());
/// assert_eq!(verdict.message(), Some("82 % of the disk is used"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    degraded: bool,
    message: Option<String>,
    details: Map<String, Value>,
}

impl Verdict {
    /// It works.
    #[must_use]
    pub fn up() -> Self {
        Self::default()
    }

    /// It works, but somebody should look at it: `message` says why. Keeps the service ready, and `/health` at 200.
    #[must_use]
    pub fn degraded(message: impl Into<String>) -> Self {
        Self {
            degraded: true,
            message: Some(message.into()),
            details: Map::new(),
        }
    }

    /// Adds a detail, in place of one with the same key.
    #[must_use]
    pub fn detail(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.details.insert(key.into(), value.into());
        self
    }

    /// True if it works with a reservation only.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.degraded
    }

    /// The reservation.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The details.
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }
}
