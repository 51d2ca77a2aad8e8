//! Requests in flight.

use std::sync::atomic::Ordering;

use super::Drain;

/// One request in flight, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    drain: Drain,
}

impl InFlight {
    pub(crate) fn new(drain: &Drain) -> Self {
        drain.shared.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            drain: drain.clone(),
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.drain.is_draining()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.drain.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
