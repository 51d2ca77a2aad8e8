//! How the collector itself is.

use std::sync::Arc;

use omtx_metrics::LabelValue;

/// Whether there is anything to measure; the states of `gpu_collector_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum CollectorState {
    /// There has been no device so far: no library, no driver, a library that does not fit the driver, or no device in the
    /// machine. The collector looks again, with a pause that grows.
    Absent,
    /// The driver answers, and so do as many devices as are expected.
    Up,
    /// A call into the driver has been running for longer than the call deadline. It cannot be aborted: the collector waits
    /// until it returns, in the same thread, and everybody else is served from the last snapshot.
    Stuck,
    /// There were devices, and now all of them, or more than may be missing, are gone. The collector looks again, with a
    /// pause that grows.
    Lost,
}

const NOT_LOOKED: &str = "not looked for yet";

/// A [`CollectorState`] and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The state.
    pub state: CollectorState,
    /// Why it is not up, in words; `None` when it is.
    pub reason: Option<Arc<str>>,
}

impl Status {
    pub(crate) fn up() -> Self {
        Self {
            state: CollectorState::Up,
            reason: None,
        }
    }

    /// Before the first look is over.
    pub(crate) fn not_looked() -> Self {
        Self::because(CollectorState::Absent, NOT_LOOKED)
    }

    #[cfg(feature = "health")]
    pub(crate) fn is_not_looked(&self) -> bool {
        self.reason.as_deref() == Some(NOT_LOOKED)
    }

    pub(crate) fn because(state: CollectorState, reason: impl Into<Arc<str>>) -> Self {
        Self {
            state,
            reason: Some(reason.into()),
        }
    }

    /// True if the collector is up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.state == CollectorState::Up
    }
}
