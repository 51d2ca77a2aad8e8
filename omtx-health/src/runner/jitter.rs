//! Waits that differ from instance to instance.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A tenth either way, by chance.
#[derive(Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) fn new() -> Self {
        // The only randomness of the standard library; it differs from process to process and from call to call.
        Self(RandomState::new().hash_one(0))
    }

    pub(super) fn around(&mut self, duration: Duration) -> Duration {
        // SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let part = (z >> 11) as f64 / (1_u64 << 53) as f64;
        duration.mul_f64(0.9 + 0.2 * part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_a_tenth_and_are_spread_over_it() {
        let mut jitter = Jitter::new();
        let waits: Vec<f64> = (0..1000)
            .map(|_| jitter.around(Duration::from_secs(10)).as_secs_f64())
            .collect();
        assert!(waits.iter().all(|wait| (9.0..11.0).contains(wait)));
        for tenth in 0..10 {
            let from = 9.0 + 0.2 * f64::from(tenth);
            assert!(waits.iter().any(|wait| (from..from + 0.2).contains(wait)));
        }
    }
}
