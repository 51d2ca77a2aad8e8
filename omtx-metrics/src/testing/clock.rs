//! A clock that stands still.

use std::time::SystemTime;

/// Runs `f` with the clock stopped at `time`, for this thread: when series begin, when exemplars are left, and how long
/// series have been idle, are told by it. Observed durations are not.
///
/// What other threads do meanwhile (an exporter that answers on a pool of its own) has the time of day.
///
/// ```
/// use omtx_metrics::testing::at;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let noon = UNIX_EPOCH + Duration::from_secs(12 * 3600);
/// assert_eq!(at(noon, || at(UNIX_EPOCH, || 1) + 1), 2);
/// ```
pub fn at<R>(time: SystemTime, f: impl FnOnce() -> R) -> R {
    crate::time::at(time.into(), f)
}
