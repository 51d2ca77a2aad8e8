//! Memory and its errors.

use std::ffi::{c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::{nvmlEnableState_t, nvmlMemory_t, nvmlMemory_v2_t};

use super::{device_functions, put, put_all, supported};
use crate::reply::Return;

device_functions! {
    fn nvmlDeviceGetMemoryInfo(out: *mut nvmlMemory_t) |device| {
        let total = supported(device.memory_total)?;
        // The first version counts what is reserved as used.
        let used = device.memory_used + device.memory_reserved;
        put(out, nvmlMemory_t { total, used, free: total - used })
    };
    fn nvmlDeviceGetMemoryInfo_v2(out: *mut nvmlMemory_v2_t) |device| {
        let total = supported(device.memory_total)?;
        if out.is_null() {
            return Err(Return::InvalidArgument);
        }
        // SAFETY: not null, and so valid, as NVML demands of its callers; `version` is the first field.
        let version = unsafe { out.cast::<c_uint>().read() };
        if version >> 24 != 2 {
            return Err(Return::ArgumentVersionMismatch);
        }
        let (used, reserved) = (device.memory_used, device.memory_reserved);
        put(out, nvmlMemory_v2_t { version, total, reserved, used, free: total - used - reserved })
    };
    fn nvmlDeviceGetEccMode(current: *mut nvmlEnableState_t, pending: *mut nvmlEnableState_t) |device| {
        if device.ecc.is_empty() {
            return Err(Return::NotSupported);
        }
        put(current, 1)?;
        put(pending, 1)
    };
    fn nvmlDeviceGetMemoryErrorCounter(kind: c_uint, counter: c_uint, at: c_uint, out: *mut c_ulonglong) |device| {
        put(out, supported(device.ecc.get(&format!("{kind}.{counter}.{at}")).copied())?)
    };
    fn nvmlDeviceGetTotalEccErrors(kind: c_uint, counter: c_uint, out: *mut c_ulonglong) |device| {
        put(out, supported(device.ecc.get(&format!("{kind}.{counter}.total")).copied())?)
    };
    fn nvmlDeviceGetRetiredPages(cause: c_uint, count: *mut c_uint, addresses: *mut c_ulonglong) |device| {
        let pages = pages(device.retired_pages, cause)?;
        put_all(count, addresses, &pages)
    };
    fn nvmlDeviceGetRetiredPages_v2(
        cause: c_uint, count: *mut c_uint, addresses: *mut c_ulonglong, times: *mut c_ulonglong
    ) |device| {
        let pages = pages(device.retired_pages, cause)?;
        put_all(count, addresses, &pages)?;
        put_all(count, times, &pages)
    };
    fn nvmlDeviceGetRetiredPagesPendingStatus(out: *mut nvmlEnableState_t) |device| {
        put(out, supported(device.retired_pages)?.2.into())
    };
    fn nvmlDeviceGetRemappedRows(
        correctable: *mut c_uint, uncorrectable: *mut c_uint, pending: *mut c_uint, failure: *mut c_uint
    ) |device| {
        let rows = supported(device.remapped)?;
        put(correctable, rows.correctable)?;
        put(uncorrectable, rows.uncorrectable)?;
        put(pending, rows.pending.into())?;
        put(failure, rows.failure.into())
    };
}

/// As many addresses as there are pages.
fn pages(retired: Option<(u32, u32, bool)>, cause: c_uint) -> Result<Vec<c_ulonglong>, Return> {
    let (several_single, double, _) = supported(retired)?;
    let count = if cause == 0 { several_single } else { double };
    Ok((0..count).map(|page| (u64::from(page) + 1) << 12).collect())
}
