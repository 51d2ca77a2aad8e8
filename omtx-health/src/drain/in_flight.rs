//! Requests in flight.

#[cfg(feature = "serve")]
use std::pin::pin;
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
        let shared = &self.drain.shared;
        // In one order with the look in `idle`: either that sees the last request gone, or this sees it waiting.
        if shared.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 {
            shared.idle.notify_waiters();
        }
    }
}

impl Drain {
    /// Over when nothing is in flight.
    #[cfg(feature = "serve")]
    pub(crate) async fn idle(&self) {
        let shared = &self.shared;
        loop {
            let mut told = pin!(shared.idle.notified());
            // From here on, before the look: an end between the two is not missed.
            told.as_mut().enable();
            if shared.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            told.await;
        }
    }
}
