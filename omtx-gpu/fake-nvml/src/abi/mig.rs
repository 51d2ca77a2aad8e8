//! Devices that are cut into instances.

use std::ffi::c_uint;

use nvml_wrapper_sys::bindings::{nvmlDevice_t, nvmlReturn_t};

use super::{code, device_functions, identity, put, supported};
use crate::reply::Return;
use crate::state::DRIVER;

/// How many instances a device can have.
const MAX: c_uint = 7;

device_functions! {
    fn nvmlDeviceGetMigMode(current: *mut c_uint, pending: *mut c_uint) |device| {
        let enabled = supported(device.mig.as_ref())?.enabled.into();
        put(current, enabled)?;
        put(pending, enabled)
    };
    fn nvmlDeviceGetMaxMigDeviceCount(count: *mut c_uint) |device| {
        put(count, supported(device.mig.as_ref()).map(|_| MAX)?)
    };
    fn nvmlDeviceIsMigDeviceHandle(out: *mut c_uint) |device| put(out, device.instance.is_some().into());
    fn nvmlDeviceGetGpuInstanceId(out: *mut c_uint) |device| put(out, supported(device.instance)?.0);
    fn nvmlDeviceGetComputeInstanceId(out: *mut c_uint) |device| put(out, supported(device.instance)?.1);
}

// SAFETY: NVML's name, which nothing else in this library has.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetMigDeviceHandleByIndex(
    device: nvmlDevice_t,
    index: c_uint,
    out: *mut nvmlDevice_t,
) -> nvmlReturn_t {
    let target = DRIVER.enter_device("nvmlDeviceGetMigDeviceHandleByIndex", device.addr());
    code(target.and_then(|target| {
        let mig = supported(target.device().mig.as_ref())?;
        if !mig.enabled || mig.instances.get(index as usize).is_none() {
            return Err(Return::NotFound);
        }
        put(out, identity::instance(target.handle, index as usize)?)
    }))
}

// SAFETY: NVML's name, which nothing else in this library has.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetDeviceHandleFromMigDeviceHandle(
    device: nvmlDevice_t,
    out: *mut nvmlDevice_t,
) -> nvmlReturn_t {
    let target = DRIVER.enter_device(
        "nvmlDeviceGetDeviceHandleFromMigDeviceHandle",
        device.addr(),
    );
    code(target.and_then(|target| put(out, identity::parent(target.handle)?)))
}
