//! XID errors, as event sets deliver them.

use std::ffi::{c_uint, c_ulonglong};
use std::time::Duration;

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlEventData_t, nvmlEventSet_t, nvmlEventTypeXidCriticalError, nvmlReturn_t,
};

use super::{code, device_functions, put};
use crate::reply::Return;
use crate::state::DRIVER;

device_functions! {
    fn nvmlDeviceGetSupportedEventTypes(types: *mut c_ulonglong) |device| {
        if !device.has_events {
            return Err(Return::NotSupported);
        }
        put(types, nvmlEventTypeXidCriticalError.into())
    };
}

// SAFETY: NVML's name, which nothing else in this library has. So it is with all below.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlEventSetCreate(set: *mut nvmlEventSet_t) -> nvmlReturn_t {
    let created = DRIVER.create_set();
    code(created.and_then(|id| put(set, std::ptr::without_provenance_mut(id))))
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceRegisterEvents(
    device: nvmlDevice_t,
    _types: c_ulonglong,
    set: nvmlEventSet_t,
) -> nvmlReturn_t {
    code(DRIVER.register(device.addr(), set.addr()))
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlEventSetWait_v2(
    set: nvmlEventSet_t,
    data: *mut nvmlEventData_t,
    timeout_ms: c_uint,
) -> nvmlReturn_t {
    let event = DRIVER.await_event(set.addr(), Duration::from_millis(timeout_ms.into()));
    code(event.and_then(|(device, xid)| {
        put(
            data,
            nvmlEventData_t {
                device: std::ptr::without_provenance_mut(device),
                eventType: nvmlEventTypeXidCriticalError.into(),
                eventData: xid,
                gpuInstanceId: u32::MAX,
                computeInstanceId: u32::MAX,
            },
        )
    }))
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlEventSetFree(set: nvmlEventSet_t) -> nvmlReturn_t {
    code(DRIVER.free_set(set.addr()))
}
