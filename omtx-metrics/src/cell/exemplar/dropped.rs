//! Exemplars that were refused, counted for the whole process: a cell knows no registry.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why an exemplar was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// More characters than OpenMetrics allows.
    TooLong,
    /// A label's name is malformed, or there twice.
    Malformed,
}

impl DropReason {
    pub(crate) const ALL: [Self; 2] = [Self::TooLong, Self::Malformed];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
        }
    }
}

static DROPPED: [AtomicU64; DropReason::ALL.len()] =
    [const { AtomicU64::new(0) }; DropReason::ALL.len()];

pub(super) fn count(reason: DropReason) {
    DROPPED[reason as usize].fetch_add(1, Ordering::Relaxed);
}

/// How many exemplars were refused for this reason.
pub(crate) fn dropped(reason: DropReason) -> u64 {
    DROPPED[reason as usize].load(Ordering::Relaxed)
}
