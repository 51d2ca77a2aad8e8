//! When the thread has ended.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Whether a thread has ended. A `JoinHandle` could not be waited for with a deadline, nor by several.
#[derive(Default)]
pub(super) struct Ended {
    ended: Mutex<bool>,
    changed: Condvar,
}

impl Ended {
    pub(super) fn wait(&self, deadline: Instant) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.saturating_duration_since(Instant::now());
        let _ = self
            .changed
            .wait_timeout_while(ended, left, |ended| !*ended);
    }
}

/// Tells that the thread has ended, also if it panics.
pub(super) struct Ending(Arc<Ended>);

impl Ending {
    pub(super) fn of(ended: &Arc<Ended>) -> Self {
        Self(Arc::clone(ended))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        *self.0.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}
