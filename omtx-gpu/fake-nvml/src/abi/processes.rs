//! Who uses a device.

use std::ffi::c_uint;

use nvml_wrapper_sys::bindings::nvmlProcessInfo_t;

use super::{device_functions, put_all, supported};
use crate::script::Process;

/// `NVML_VALUE_NOT_AVAILABLE`
const NOT_AVAILABLE: u64 = u64::MAX;

device_functions! {
    fn nvmlDeviceGetComputeRunningProcesses_v3(count: *mut c_uint, out: *mut nvmlProcessInfo_t) |device| {
        put_all(count, out, &infos(supported(device.compute.as_deref())?))
    };
    fn nvmlDeviceGetGraphicsRunningProcesses_v3(count: *mut c_uint, out: *mut nvmlProcessInfo_t) |device| {
        put_all(count, out, &infos(supported(device.graphics.as_deref())?))
    };
}

fn infos(processes: &[Process]) -> Vec<nvmlProcessInfo_t> {
    let info = |process: &Process| nvmlProcessInfo_t {
        pid: process.pid,
        usedGpuMemory: process.memory.unwrap_or(NOT_AVAILABLE),
        gpuInstanceId: u32::MAX,
        computeInstanceId: u32::MAX,
    };
    processes.iter().map(info).collect()
}
