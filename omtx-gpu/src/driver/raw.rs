//! What nvml-wrapper 0.13 has no safe function for: memory as drivers before 510 tell it, remapped rows, and the ids of MIG
//! instances.
#![allow(unsafe_code)] // calls through nvml-wrapper-sys

use std::ffi::c_uint;

use nvml_wrapper::Device;
use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper_sys::bindings::nvmlMemory_t;

use crate::readings::{GpuMemory, GpuRemappedRows};

/// `nvmlDeviceGetMemoryInfo`, the first version.
pub(super) fn memory_v1(device: &Device<'_>) -> Result<GpuMemory, NvmlError> {
    let call = nvml_sym(device.nvml().lib().nvmlDeviceGetMemoryInfo.as_ref())?;
    let mut info = nvmlMemory_t {
        total: 0,
        free: 0,
        used: 0,
    };
    // SAFETY: the handle is that of a device of the library that the symbol is from, and `info` is valid for writes.
    nvml_try(unsafe { call(device.handle(), &mut info) })?;
    Ok(GpuMemory {
        total: info.total,
        used: info.used,
        free: info.free,
        reserved: None,
    })
}

/// `nvmlDeviceGetRemappedRows`.
pub(super) fn remapped_rows(device: &Device<'_>) -> Result<GpuRemappedRows, NvmlError> {
    let call = nvml_sym(device.nvml().lib().nvmlDeviceGetRemappedRows.as_ref())?;
    let [mut correctable, mut uncorrectable, mut pending, mut failed]: [c_uint; 4] = [0; 4];
    // SAFETY: as in `memory_v1`; all four are valid for writes.
    nvml_try(unsafe {
        call(
            device.handle(),
            &mut correctable,
            &mut uncorrectable,
            &mut pending,
            &mut failed,
        )
    })?;
    Ok(GpuRemappedRows {
        correctable: correctable.into(),
        uncorrectable: uncorrectable.into(),
        pending: pending != 0,
        failed: failed != 0,
    })
}

/// `nvmlDeviceGetGpuInstanceId` and `nvmlDeviceGetComputeInstanceId`.
pub(super) fn instance_ids(device: &Device<'_>) -> Result<(u32, u32), NvmlError> {
    let lib = device.nvml().lib();
    let gpu = nvml_sym(lib.nvmlDeviceGetGpuInstanceId.as_ref())?;
    let compute = nvml_sym(lib.nvmlDeviceGetComputeInstanceId.as_ref())?;
    let [mut gpu_instance, mut compute_instance]: [c_uint; 2] = [0; 2];
    // SAFETY: as in `memory_v1`; both are valid for writes.
    unsafe {
        nvml_try(gpu(device.handle(), &mut gpu_instance))?;
        nvml_try(compute(device.handle(), &mut compute_instance))?;
    }
    Ok((gpu_instance, compute_instance))
}
