//! Subscribing to XID errors, and counting them.

use std::time::SystemTime;

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::event::EventData;
use nvml_wrapper::{EventSet, Nvml};

use super::WAIT;
use crate::driver::{Fault, Watch};
use crate::shared::Shared;
use crate::xids::Xid;

/// Waits for events until that makes no sense any more.
pub(super) fn listen(shared: &Shared, nvml: &Nvml) {
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
