//! Counting how long something takes.

use std::ops::Deref;
use std::time::Instant;

use super::Histogram;

/// Counts how long it lives; see [`Histogram::start_timer`].
#[derive(Debug)]
#[must_use = "the time until this is dropped is what is counted"]
pub struct Timer<H: Deref<Target = Histogram>> {
    pub(super) histogram: H,
    pub(super) started: Option<Instant>,
}

impl<H: Deref<Target = Histogram>> Timer<H> {
    /// Ends the timer without counting.
    pub fn discard(mut self) {
        self.started = None;
    }
}

impl<H: Deref<Target = Histogram>> Drop for Timer<H> {
    fn drop(&mut self) {
        if let Some(started) = self.started {
            self.histogram.observe_duration(started.elapsed());
        }
    }
}
