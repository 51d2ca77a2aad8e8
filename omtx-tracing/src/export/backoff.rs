//! How long to wait before the next attempt.

use std::time::Duration;

use rand::Rng as _;

/// OpenTelemetry Java's `RetryPolicy`: 1 s at first, half as much again each time, 5 s at most, and a fifth more or less so that
/// not all services come at once.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(5);
const FACTOR: f64 = 1.5;
const JITTER: f64 = 0.2;

/// Waits that grow with every failure in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure.
    pub(super) fn failed(&mut self) -> Duration {
        let factor = FACTOR.powi(self.failures.min(16) as i32);
        self.failures = self.failures.saturating_add(1);
        let jitter = rand::rng().random_range(1.0 - JITTER..=1.0 + JITTER);
        FIRST.mul_f64(factor).min(LONGEST).mul_f64(jitter)
    }

    /// Something went well: the next failure is the first again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_start_anew_after_a_success() {
        let mut backoff = Backoff::default();
        for expected in [1.0, 1.5, 2.25, 3.375, 5.0, 5.0, 5.0] {
            let wait = backoff.failed().as_secs_f64();
            assert!(
                (expected * 0.79..=expected * 1.21).contains(&wait),
                "{wait} for {expected}"
            );
        }
        for _ in 0..100_000 {
            assert!(backoff.failed() <= LONGEST.mul_f64(1.2));
        }
        backoff.reset();
        assert!(backoff.failed() <= FIRST.mul_f64(1.2));
    }
}
