//! Which device it is.

use std::ffi::{CStr, c_char, c_uint};

use nvml_wrapper_sys::bindings::{nvmlDevice_t, nvmlPciInfo_t, nvmlReturn_t};

use super::{code, device_functions, put, put_text};
use crate::reply::Return;
use crate::state::{DRIVER, Handle};

fn handle(device: usize, instance: usize, life: u16) -> Result<nvmlDevice_t, Return> {
    let narrow = |number| u16::try_from(number).map_err(|_| Return::InvalidArgument);
    let handle = Handle {
        life,
        device: narrow(device)?,
        instance: narrow(instance)?,
    };
    Ok(std::ptr::without_provenance_mut(handle.number()))
}

// SAFETY: NVML's name, which nothing else in this library has. So it is with all below.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetHandleByIndex_v2(
    index: c_uint,
    device: *mut nvmlDevice_t,
) -> nvmlReturn_t {
    let script = DRIVER.enter_initialised("nvmlDeviceGetHandleByIndex_v2");
    code(script.and_then(|script| {
        let index = index as usize;
        let found = script.devices.get(index).ok_or(Return::InvalidArgument)?;
        match found.state {
            Return::Success => put(device, handle(index, 0, script.life)?),
            state => Err(state),
        }
    }))
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetHandleByUUID(
    uuid: *const c_char,
    device: *mut nvmlDevice_t,
) -> nvmlReturn_t {
    let script = DRIVER.enter_initialised("nvmlDeviceGetHandleByUUID");
    code(script.and_then(|script| {
        if uuid.is_null() {
            return Err(Return::InvalidArgument);
        }
        // SAFETY: not null, and so a C string, as NVML demands of its callers.
        let uuid = unsafe { CStr::from_ptr(uuid) }.to_string_lossy();
        let devices = script.devices.iter().enumerate();
        let instances = devices.clone().flat_map(|(index, device)| {
            let instances = device.mig.iter().flat_map(|mig| &mig.instances);
            instances
                .enumerate()
                .map(move |(at, it)| (index, at + 1, it))
        });
        let (index, instance, found) = devices
            .map(|(index, device)| (index, 0, device))
            .chain(instances)
            .find(|(.., device)| device.uuid == uuid)
            .ok_or(Return::NotFound)?;
        match found.state {
            Return::Success => put(device, handle(index, instance, script.life)?),
            state => Err(state),
        }
    }))
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetIndex(device: nvmlDevice_t, index: *mut c_uint) -> nvmlReturn_t {
    let target = DRIVER.enter_device("nvmlDeviceGetIndex", device.addr());
    code(target.and_then(|target| put(index, target.handle.device.into())))
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetMinorNumber(
    device: nvmlDevice_t,
    minor: *mut c_uint,
) -> nvmlReturn_t {
    let target = DRIVER.enter_device("nvmlDeviceGetMinorNumber", device.addr());
    code(target.and_then(|target| put(minor, target.handle.device.into())))
}

device_functions! {
    fn nvmlDeviceGetUUID(uuid: *mut c_char, len: c_uint) |device| put_text(uuid, len as usize, &device.uuid);
    fn nvmlDeviceGetName(name: *mut c_char, len: c_uint) |device| put_text(name, len as usize, &device.name);
    fn nvmlDeviceGetPciInfo_v3(info: *mut nvmlPciInfo_t) |device| pci(&device.pci_bus_id).and_then(|pci| put(info, pci));
}

/// `domain:bus:device.function`, as it is and taken apart.
fn pci(bus_id: &str) -> Result<nvmlPciInfo_t, Return> {
    let mut parts = bus_id
        .split([':', '.'])
        .map(|part| c_uint::from_str_radix(part, 16));
    let mut next = || {
        parts
            .next()
            .and_then(Result::ok)
            .ok_or(Return::NotSupported)
    };
    let mut info = nvmlPciInfo_t {
        busIdLegacy: [0; 16],
        domain: next()?,
        bus: next()?,
        device: next()?,
        pciDeviceId: 0x2330_10de,
        pciSubSystemId: 0,
        busId: [0; 32],
    };
    put_text(info.busId.as_mut_ptr(), info.busId.len(), bus_id)?;
    let legacy = &bus_id[4.min(bus_id.len())..];
    put_text(
        info.busIdLegacy.as_mut_ptr(),
        info.busIdLegacy.len(),
        legacy,
    )?;
    Ok(info)
}

/// The handle of an instance.
pub(super) fn instance(of: Handle, at: usize) -> Result<nvmlDevice_t, Return> {
    handle(of.device.into(), at + 1, of.life)
}

/// The handle of the device that has the instance.
pub(super) fn parent(of: Handle) -> Result<nvmlDevice_t, Return> {
    handle(of.device.into(), 0, of.life)
}
