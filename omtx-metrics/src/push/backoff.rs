//! How long to wait before the next attempt.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The first pause, before jitter.
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause, before jitter.
const LONGEST: Duration = Duration::from_secs(10);

/// The pause after the `attempt`th attempt (from 1): 100 ms doubled each time, 10 s at most, and at random between half of
/// that and all of it. A fleet of jobs that lost the Pushgateway at the same moment does not come back at the same moment.
pub(super) fn pause(attempt: u32) -> Duration {
    // Every `RandomState` has keys of its own: random enough to spread retries, and no dependency.
    jittered(attempt, RandomState::new().hash_one(attempt))
}

fn jittered(attempt: u32, random: u64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let full = (FIRST * (1 << doublings)).min(LONGEST);
    #[allow(clippy::cast_precision_loss)]
    let share = 0.5 + 0.5 * (random as f64 / u64::MAX as f64);
    full.mul_f64(share)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pause_doubles_until_the_longest() {
        let full = |attempt| jittered(attempt, u64::MAX).as_millis();
        assert_eq!([1, 2, 3, 4].map(full), [100, 200, 400, 800]);
        assert_eq!([8, 9, 1_000, u32::MAX].map(full), [10_000; 4]);
    }

    proptest! {
        #[test]
        fn jitter_takes_at_most_half(attempt in 0..40_u32, random: u64) {
            let (full, pause) = (jittered(attempt, u64::MAX), jittered(attempt, random));
            prop_assert!(pause <= full && pause >= full / 2);
        }
    }
}
