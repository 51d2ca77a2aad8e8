//! The thread that waits for XID errors, and how it is lent the driver.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::event::EventData;
use nvml_wrapper::{EventSet, Nvml};

use crate::driver::{Fault, Watch};
use crate::lock::lock;
use crate::shared::Shared;
use crate::xids::Xid;

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

/// Waits for events until that makes no sense any more.
fn listen(shared: &Shared, nvml: &Nvml) {
    let Some(set) = subscribe(&shared.events, nvml) else {
        return; // no device reports any
    };
    let timeout = u32::try_from(WAIT.as_millis()).unwrap_or(u32::MAX);
    while !shared.desk.is_recalled() {
        let waited = shared
            .events
            .call("nvmlEventSetWait_v2", || set.wait(timeout));
        match waited {
            Ok(event) => record(shared, &event),
            Err(NvmlError::Timeout) => {}
            // A lost device makes every wait fail: subscribe anew without it. The sampler judges the driver.
            Err(_) => break,
        }
    }
    shared.events.call("nvmlEventSetFree", || drop(set));
}

/// A set with every device that reports XID errors; `None` if there is none.
fn subscribe<'a>(watch: &Watch, nvml: &'a Nvml) -> Option<EventSet<'a>> {
    let count = watch.call("nvmlDeviceGetCount_v2", || nvml.device_count());
    let mut indexes: Vec<u32> = (0..count.ok()?).collect();
    // A device that refuses takes the whole set with it: leave it out, and begin again.
    'again: while !indexes.is_empty() {
        let mut set = watch
            .call("nvmlEventSetCreate", || nvml.create_event_set())
            .ok()?;
        for at in 0..indexes.len() {
            let registered = watch.call("nvmlDeviceRegisterEvents", || {
                let device = nvml.device_by_index(indexes[at])?;
                if !device
                    .supported_event_types()?
                    .contains(EventTypes::CRITICAL_XID_ERROR)
                {
                    return Err(NvmlError::NotSupported);
                }
                device
                    .register_events(EventTypes::CRITICAL_XID_ERROR, set)
                    .map_err(|error| error.error)
            });
            match registered {
                Ok(registered) => set = registered,
                Err(error) => {
                    if let Fault::Driver(_) = Fault::of(error, true, false) {
                        return None;
                    }
                    indexes.remove(at);
                    continue 'again;
                }
            }
        }
        return Some(set);
    }
    None
}

fn record(shared: &Shared, event: &EventData<'_>) {
    let xid = match event.event_data {
        Some(XidError::Value(number)) => Xid::Number(number),
        Some(XidError::Unknown) => Xid::Other,
        None => return,
    };
    let uuid = shared
        .events
        .call("nvmlDeviceGetUUID", || event.device.uuid());
    let uuid = uuid.unwrap_or_else(|_| "unknown".to_owned()); // the error may have been its last word
    shared.update_xids(|xids| xids.record(&uuid.into(), xid, SystemTime::now()));
}
