//! Tells whether several threads are fighting over one cell, for next to nothing.
//!
//! A counter asks on about one in 256 of its updates, what is added up by compare-and-swap asks when an exchange fails. The answer is yes if the last time another thread asked, less than
//! [`WINDOW_MICROS`] ago: 256 updates within that time are more than 2.5 million a second, from two threads at least.
//! Slower cells never pay the memory of stripes, and an increment stays one `fetch_add` instead of a
//! compare-and-swap loop whose failures would tell the same.

#[cfg(not(loom))]
use std::{sync::LazyLock, time::Instant};

use crate::sync::{AtomicU64, Ordering};

/// Two looks by different threads within this time are contention.
const WINDOW_MICROS: u64 = 100;

/// Who looked last, and when: microseconds since start in the upper 48 bits, the thread's index in the lower 16.
#[derive(Debug)]
pub(super) struct Contention(AtomicU64);

impl Contention {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// True on about one in 256 values of a cell, whatever the step between them.
    ///
    /// The product is a Weyl sequence: equidistributed for every odd step, and for even ones but for the lowest bits,
    /// which the shift drops. Masking the low bits instead would sample a counter of bytes always or never.
    #[inline]
    pub(super) fn is_due(value: u64) -> bool {
        const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;
        value.wrapping_mul(GOLDEN_RATIO) >> 56 == 0
    }

    /// Notes that this thread is here now; true if another was just before.
    #[cfg(not(loom))]
    #[cold]
    pub(super) fn look(&self) -> bool {
        static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
        // The epoch lies a window back, so that the initial 0 is never "just before".
        let micros = EPOCH.elapsed().as_micros() as u64 + WINDOW_MICROS;
        self.look_at(super::stripes::thread_index(), micros)
    }

    /// A model takes the same steps each time, so that it has no clock: all threads look at the same moment.
    #[cfg(loom)]
    pub(super) fn look(&self) -> bool {
        self.look_at(super::stripes::thread_index(), WINDOW_MICROS)
    }

    fn look_at(&self, thread: usize, micros: u64) -> bool {
        let me = thread as u64 & 0xFFFF;
        let last = self.0.swap(micros << 16 | me, Ordering::Relaxed);
        last & 0xFFFF != me && micros.saturating_sub(last >> 16) < WINDOW_MICROS
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn two_threads_within_the_window_contend() {
        let contention = Contention::new();
        assert!(!contention.look_at(1, 1_000));
        assert!(contention.look_at(2, 1_050));
        assert!(contention.look_at(1, 1_149));
    }

    #[test]
    fn one_thread_alone_never_contends() {
        let contention = Contention::new();
        for micros in 100..200 {
            assert!(!contention.look_at(7, micros));
        }
    }

    #[test]
    fn threads_that_take_turns_slowly_do_not_contend() {
        let contention = Contention::new();
        assert!(!contention.look_at(1, 1_000));
        assert!(!contention.look_at(2, 1_100));
        assert!(!contention.look_at(1, 1_200));
    }

    #[test]
    fn one_update_in_256_looks_whatever_the_step() {
        for step in [1_u64, 2, 3, 10, 256, 1_000, 4_096, 65_537] {
            let due = (0..1 << 16)
                .filter(|n| Contention::is_due(n * step))
                .count();
            assert!((128..=512).contains(&due), "step {step}: {due} of 65536");
        }
    }
}
