//! When a span began, and what time it is for it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Wall and monotonic clock, read together. A span's start is told by the wall clock, everything after it by the other one, so
/// that a step of the wall clock makes no span longer, or end before it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    wall: u64,
    monotonic: Instant,
}

/// A step shorter than this is taken for the time between two readings.
const STEP: i128 = 1_000_000;

impl Clock {
    pub(crate) fn now() -> Self {
        Self::at(SystemTime::now(), Instant::now())
    }

    /// From readings that the caller has anyway.
    pub(crate) fn at(wall: SystemTime, monotonic: Instant) -> Self {
        Self {
            wall: nanos(wall),
            monotonic,
        }
    }

    /// When the clocks were read, in nanoseconds since 1970.
    pub(crate) fn start(&self) -> u64 {
        self.wall
    }

    /// The wall clock's time at `instant`, as if it had not been set since the start.
    pub(crate) fn nanos_at(&self, instant: Instant) -> u64 {
        let since = instant.saturating_duration_since(self.monotonic);
        self.wall
            .saturating_add(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    /// A time that somebody else read from the wall clock, without the step that it made since the start. What cannot have been
    /// read between the start and now is left as it is: it is somebody's own time, and not a reading.
    pub(crate) fn without_steps(&self, time: SystemTime) -> u64 {
        self.without_step(time, SystemTime::now(), Instant::now())
    }

    fn without_step(&self, time: SystemTime, wall: SystemTime, monotonic: Instant) -> u64 {
        let time = nanos(time);
        let now = i128::from(self.nanos_at(monotonic));
        let step = i128::from(nanos(wall)) - now;
        if step.abs() < STEP {
            return time;
        }
        let corrected = i128::from(time) - step;
        if (i128::from(self.wall)..=now + STEP).contains(&corrected) {
            u64::try_from(corrected).unwrap_or(time)
        } else {
            time
        }
    }
}

/// Nanoseconds since 1970; 0 before it, and at most what 64 bits hold.
pub(crate) fn nanos(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seconds(n: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(n)
    }

    /// The clocks are read at 1000 s; 5 s later the wall clock says `wall`, and somebody passes `time`.
    #[track_caller]
    fn check(wall: u64, time: u64, expected: u64) {
        let start = Instant::now();
        let clock = Clock::at(seconds(1000), start);
        let got = clock.without_step(seconds(time), seconds(wall), start + Duration::from_secs(5));
        assert_eq!(got, expected * 1_000_000_000);
    }

    #[test]
    fn a_clock_that_is_not_set_gives_times_as_they_are() {
        check(1005, 1005, 1005);
        check(1005, 1003, 1003);
        check(1005, 900, 900);
    }

    #[test]
    fn a_clock_that_is_set_ahead_makes_no_span_longer() {
        check(4605, 4605, 1005);
        check(4605, 500, 500);
        check(4605, 1002, 1002);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_span_end_before_it_began() {
        check(405, 405, 1005);
        check(405, 402, 1002);
        check(405, 10, 10);
        check(405, 950, 950);
    }

    #[test]
    fn times_before_1970_and_after_2554_are_held_at_the_ends() {
        assert_eq!(nanos(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert_eq!(nanos(seconds(u64::MAX / 1_000_000_000 + 1)), u64::MAX);
    }
}
