//! A check that changed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use crate::Status;

/// How many transitions are kept, unless the builder says otherwise: 64.
pub const DEFAULT_HISTORY: usize = 64;

/// A check that went from one status to another.
///
/// Kept in [`Health::history`](crate::Health::history), and written to the log as an event of target `omtx_health`: a
/// `WARN` if it became unhealthy, an `INFO` otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    pub(crate) check: Arc<str>,
    pub(crate) from: Status,
    pub(crate) to: Status,
    pub(crate) at: SystemTime,
    pub(crate) reason: Option<Arc<str>>,
}

impl Transition {
    /// The check's name.
    #[must_use]
    pub fn check(&self) -> &str {
        &self.check
    }

    /// How it was.
    #[must_use]
    pub fn from(&self) -> Status {
        self.from
    }

    /// How it is since then.
    #[must_use]
    pub fn to(&self) -> Status {
        self.to
    }

    /// When that was noticed.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at
    }

    /// The error or the reservation.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    pub(crate) fn log(&self) {
        let reason = self.reason();
        if self.to.is_up() {
            tracing::info!(
                target: "omtx_health",
                check = &*self.check, from = self.from.as_str(), to = self.to.as_str(), reason,
                "a health check is {}", self.to,
            );
        } else {
            tracing::warn!(
                target: "omtx_health",
                check = &*self.check, from = self.from.as_str(), to = self.to.as_str(), reason,
                "a health check is {}", self.to,
            );
        }
    }
}

/// The latest transitions, oldest first.
#[derive(Debug)]
pub(crate) struct History {
    kept: VecDeque<Transition>,
    limit: usize,
}

impl History {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            limit,
        }
    }

    pub(crate) fn push(&mut self, transition: Transition) {
        self.kept.push_back(transition);
        while self.kept.len() > self.limit {
            self.kept.pop_front();
        }
    }

    pub(crate) fn to_vec(&self) -> Vec<Transition> {
        self.kept.iter().cloned().collect()
    }
}
