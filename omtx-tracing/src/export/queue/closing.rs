//! How a flush waits, and how everything ends.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{Phase, Queue, Settled, State};
use crate::export::DropReason;

impl Queue {
    /// Asks for everything that was pushed before now to be sent, and returns the number up to which [`wait`](Self::wait) is to
    /// wait. None in a forked child.
    pub(in crate::export) fn flush(&self) -> Option<u64> {
        if !self.process.is_current() {
            return None;
        }
        let mut state = self.lock();
        state.flush_below = state.pushed;
        let until = state.pushed;
        drop(state);
        self.wake.notify_one();
        Some(until)
    }

    /// Waits until all that was pushed before `until` is done; false if it was not by `deadline`.
    pub(in crate::export) fn wait(&self, until: u64, deadline: Instant) -> bool {
        self.wait_for(deadline, |state| state.done >= until)
    }

    /// Takes nothing more, and has what is here sent until `deadline`.
    pub(in crate::export) fn begin_close(&self, deadline: Instant) {
        if !self.process.is_current() {
            return;
        }
        let mut state = self.lock();
        match state.phase {
            Phase::Open => state.phase = Phase::Closing(deadline),
            Phase::Closing(earlier) => state.phase = Phase::Closing(earlier.min(deadline)),
            Phase::Closed => return,
        }
        self.open.store(false, Ordering::Relaxed);
        drop(state);
        self.wake.notify_one();
    }

    /// Waits until the lane has sent everything; at `deadline`, what it has not sent is lost.
    pub(in crate::export) fn finish_close(&self, deadline: Instant) {
        if !self.process.is_current() {
            return;
        }
        if !self.wait_for(deadline, |state| state.phase == Phase::Closed) {
            self.close_now();
        }
    }

    /// Drops what is here.
    pub(in crate::export) fn close_now(&self) {
        let mut state = self.lock();
        self.close(&mut state);
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn close(&self, state: &mut State) {
        state.phase = Phase::Closed;
        self.open.store(false, Ordering::Relaxed);
        self.drop_all(state, DropReason::Shutdown);
    }

    pub(super) fn drop_all(&self, state: &mut State, reason: DropReason) {
        let in_flight = if state.perhaps_taken {
            DropReason::Unknown
        } else {
            reason
        };
        let waiting = std::mem::take(&mut state.waiting);
        state.blocks.clear();
        state.waiting_since = None;
        state.done += waiting.entries;
        state.dropped.add(reason, waiting.records);
        if waiting.records > 0 {
            self.lost.notify_one();
        }
        self.settle_in_flight(state, Settled::Dropped(in_flight));
    }

    fn wait_for(&self, deadline: Instant, done: impl Fn(&State) -> bool) -> bool {
        let mut state = self.lock();
        while !done(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.settled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
