//! Moments that expositions show: when a series began, when an exemplar was taken.

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, which is what Prometheus keeps of a time; 0 for a clock that is set before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

thread_local! {
    /// What [`at`] stopped this thread's clock at.
    static STOPPED: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

impl Timestamp {
    #[cfg(test)]
    pub(crate) const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The time now. Asked when a series begins, an exemplar is left or a scrape looks for idle series: never per update.
    pub(crate) fn now() -> Self {
        STOPPED
            .get()
            .unwrap_or_else(|| Self::from(SystemTime::now()))
    }

    pub(crate) const fn millis(self) -> u64 {
        self.0
    }

    /// A time that the platform cannot tell is the epoch.
    pub(crate) fn time(self) -> SystemTime {
        let since_epoch = Duration::from_millis(self.0);
        UNIX_EPOCH.checked_add(since_epoch).unwrap_or(UNIX_EPOCH)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A moment on a clock that nobody sets, for how long something lasted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elapsed(Duration);

impl Elapsed {
    pub(crate) fn now() -> Self {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        let stopped = STOPPED.get().map(|at| Duration::from_millis(at.millis()));
        Self(stopped.unwrap_or_else(|| START.elapsed()))
    }

    /// Zero if `earlier` is later.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Runs `f` with this thread's clock stopped at `time`.
pub(crate) fn at<R>(time: Timestamp, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Timestamp>);
    impl Drop for Restore {
        fn drop(&mut self) {
            STOPPED.set(self.0);
        }
    }

    let _restore = Restore(STOPPED.replace(Some(time)));
    f()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_the_epoch_reads_as_the_epoch() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Timestamp::from(before), Timestamp::from_millis(0));
        let after = UNIX_EPOCH + Duration::from_micros(1_500);
        assert_eq!(Timestamp::from(after).millis(), 1);
    }

    #[test]
    fn a_stopped_clock_goes_on_where_it_was() {
        let (early, late) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
        at(early, || {
            at(late, || assert_eq!(Timestamp::now(), late));
            assert_eq!(Timestamp::now(), early);
        });
        assert!(Timestamp::now() > late);
    }
}
