//! The thread that waits for XID errors, and how it is lent the driver.

#[cfg(target_os = "linux")]
mod xid;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nvml_wrapper::Nvml;

use crate::lock::lock;
use crate::shared::Shared;
#[cfg(target_os = "linux")]
use xid::listen;

/// How long one call waits for an event. The driver is given back that late at most.
pub(crate) const WAIT: Duration = Duration::from_millis(500);

/// How long it rests when events cannot be waited for.
const REST: Duration = Duration::from_secs(5);

/// Where the sampler lends the driver, and gets it back before it is shut down.
#[derive(Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Lent, and not picked up yet.
    offered: Option<Arc<Nvml>>,
    /// True while the event thread has it.
    lent: bool,
    /// True if it is to be given back.
    recalled: bool,
    stopped: bool,
}

/// The driver is lent until this is dropped, which waits for it: nothing may run in a library that is unloaded.
pub(crate) struct Lent<'a>(&'a Desk);

impl Desk {
    pub(crate) fn lend(&self, nvml: &Arc<Nvml>) -> Lent<'_> {
        let mut state = lock(&self.state);
        state.offered = Some(Arc::clone(nvml));
        state.recalled = false;
        self.changed.notify_all();
        Lent(self)
    }

    pub(crate) fn stop(&self) {
        lock(&self.state).stopped = true;
        self.changed.notify_all();
    }

    /// The driver, once it is lent; `None` if the thread is to end.
    fn pick_up(&self) -> Option<Arc<Nvml>> {
        let mut state = lock(&self.state);
        loop {
            if state.stopped {
                return None;
            }
            if let Some(nvml) = state.offered.take() {
                state.lent = true;
                return Some(nvml);
            }
            state = self.wait(state);
        }
    }

    fn give_back(&self, nvml: Arc<Nvml>) {
        drop(nvml); // never the last one: the sampler waits with its own
        lock(&self.state).lent = false;
        self.changed.notify_all();
    }

    /// True if the driver is to be given back.
    fn is_recalled(&self) -> bool {
        let state = lock(&self.state);
        state.recalled || state.stopped
    }

    /// Waits, unless the driver is to be given back.
    fn rest(&self, limit: Duration) {
        let state = lock(&self.state);
        let wanted = |state: &mut State| !(state.recalled || state.stopped);
        let rested = self.changed.wait_timeout_while(state, limit, wanted);
        drop(rested.unwrap_or_else(PoisonError::into_inner));
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.offered = None;
        state.recalled = true;
        self.0.changed.notify_all();
        while state.lent {
            state = self.0.wait(state);
        }
    }
}

/// Runs until the collector is dropped.
pub(crate) fn run(shared: &Shared) {
    while let Some(nvml) = shared.desk.pick_up() {
        while !shared.desk.is_recalled() {
            // nvml-wrapper panics where a driver answers what it cannot read.
            let listening = catch_unwind(AssertUnwindSafe(|| listen(shared, &nvml)));
            if listening.is_err() {
                shared.count_failure();
            }
            shared.desk.rest(REST);
        }
        shared.desk.give_back(nvml);
    }
}

/// NVML has events on Linux only.
#[cfg(not(target_os = "linux"))]
fn listen(_: &Shared, _: &Nvml) {}
