//! Which call is under way, and since when: what tells from outside that a thread hangs in the driver.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::lock::lock;

/// Published by a thread that calls the driver, read by everybody else.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Never locked across a call.
    running: Mutex<Option<(&'static str, Instant)>>,
}

/// A call that should have returned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overdue {
    pub(crate) symbol: &'static str,
    pub(crate) since: Duration,
}

impl Watch {
    /// Runs `call`, and publishes that it does.
    pub(crate) fn call<T>(&self, symbol: &'static str, call: impl FnOnce() -> T) -> T {
        struct Returned<'a>(&'a Watch);
        impl Drop for Returned<'_> {
            fn drop(&mut self) {
                *lock(&self.0.running) = None;
            }
        }
        *lock(&self.running) = Some((symbol, Instant::now()));
        let _returned = Returned(self);
        call()
    }

    /// The call that has been running for longer than `deadline` at `now`.
    pub(crate) fn overdue(&self, now: Instant, deadline: Duration) -> Option<Overdue> {
        let (symbol, start) = (*lock(&self.running))?;
        let since = now.saturating_duration_since(start);
        (since > deadline).then_some(Overdue { symbol, since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_overdue_from_its_deadline_until_it_returns() {
        let watch = Watch::default();
        let deadline = Duration::from_secs(10);
        watch.call("nvmlA", || {
            let now = Instant::now();
            assert!(watch.overdue(now, deadline).is_none());
            let later = watch
                .overdue(now + Duration::from_secs(11), deadline)
                .unwrap();
            assert_eq!((later.symbol, later.since >= deadline), ("nvmlA", true));
        });
        assert!(
            watch
                .overdue(Instant::now() + Duration::from_secs(99), deadline)
                .is_none()
        );
    }

    #[test]
    fn a_call_that_panics_has_returned() {
        let watch = Watch::default();
        let call = std::panic::AssertUnwindSafe(|| watch.call("nvmlA", || panic!("expected")));
        assert!(std::panic::catch_unwind(call).is_err());
        assert!(
            watch
                .overdue(Instant::now() + Duration::from_secs(99), Duration::ZERO)
                .is_none()
        );
    }
}
