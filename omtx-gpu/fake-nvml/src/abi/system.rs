//! The library and the driver as a whole.

use std::ffi::{c_char, c_int, c_uint};

use nvml_wrapper_sys::bindings::nvmlReturn_t;

use super::{code, put, put_text};
use crate::state::DRIVER;

// SAFETY: NVML's name, which nothing else in this library has. So it is with all below.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> nvmlReturn_t {
    DRIVER.init().code()
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlInitWithFlags(_flags: c_uint) -> nvmlReturn_t {
    DRIVER.init().code()
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> nvmlReturn_t {
    DRIVER.shutdown().code()
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlErrorString(_result: nvmlReturn_t) -> *const c_char {
    c"as the script says".as_ptr()
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlSystemGetDriverVersion(version: *mut c_char, len: c_uint) -> nvmlReturn_t {
    let script = DRIVER.enter_initialised("nvmlSystemGetDriverVersion");
    code(script.and_then(|script| put_text(version, len as usize, &script.driver_version)))
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlSystemGetNVMLVersion(version: *mut c_char, len: c_uint) -> nvmlReturn_t {
    let script = DRIVER.enter("nvmlSystemGetNVMLVersion");
    code(script.and_then(|script| put_text(version, len as usize, &script.nvml_version)))
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlSystemGetCudaDriverVersion_v2(version: *mut c_int) -> nvmlReturn_t {
    let script = DRIVER.enter("nvmlSystemGetCudaDriverVersion_v2");
    code(script.and_then(|script| put(version, script.cuda_version)))
}

// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetCount_v2(count: *mut c_uint) -> nvmlReturn_t {
    let script = DRIVER.enter_initialised("nvmlDeviceGetCount_v2");
    code(script.and_then(|script| put(count, script.devices.len() as c_uint)))
}
