//! How often one callsite may log: the hook that the layer asks before it encodes.

use std::time::Duration;

use crate::Severity;

/// The limit that each callsite gets a [`CallsiteLimit`] of.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateLimit {}

impl RateLimit {
    /// The state of a callsite that logs at this severity. Called once per callsite.
    pub(crate) fn callsite(&self, severity: Severity) -> CallsiteLimit {
        let _ = severity;
        CallsiteLimit {}
    }
}

/// What one callsite has used of its limit.
#[derive(Debug, Default)]
pub(crate) struct CallsiteLimit {}

/// Whether a line may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)]
pub(crate) enum Admission {
    /// It may; so many of the same callsite were suppressed since its last line (written as `suppressed` if not 0).
    Pass { suppressed: u64 },
    /// It may not.
    Suppress,
}

impl CallsiteLimit {
    /// Asked once per event, before anything is encoded. `now` is the line's time since the Unix epoch.
    #[inline]
    pub(crate) fn admit(&self, now: Duration) -> Admission {
        let _ = now;
        Admission::Pass { suppressed: 0 }
    }
}
