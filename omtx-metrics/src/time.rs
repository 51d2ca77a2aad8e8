//! Moments that expositions show: when a series began, when an exemplar was taken.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, which is what Prometheus keeps of a time; 0 for a clock that is set before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    pub(crate) const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    pub(crate) fn at(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) const fn millis(self) -> u64 {
        self.0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_clock_before_the_epoch_reads_as_the_epoch() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Timestamp::at(before), Timestamp::from_millis(0));
        let after = UNIX_EPOCH + Duration::from_micros(1_500);
        assert_eq!(Timestamp::at(after).millis(), 1);
    }
}
