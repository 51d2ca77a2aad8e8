//! NVML's C interface: what the library exports, and how a test reaches its own copy of it.
//!
//! Each function takes what NVML's documentation says, and trusts its caller as C does: a pointer is null or valid.
#![allow(unsafe_code)] // a C interface
#![allow(non_snake_case)] // NVML's names
#![allow(missing_docs)] // NVML's documentation
#![allow(unreachable_pub)] // exported by name, not by path

mod control;
mod events;
mod identity;
mod memory;
mod mig;
mod processes;
mod sensors;
mod system;

pub(crate) use control::{Control, own_path};

use std::ffi::c_char;

use nvml_wrapper_sys::bindings::{nvmlDevice_t, nvmlReturn_t};

use crate::reply::Return;
use crate::script::Device;
use crate::state::DRIVER;

/// Puts `value` where the caller asked for it.
fn put<T>(out: *mut T, value: T) -> Result<(), Return> {
    if out.is_null() {
        return Err(Return::InvalidArgument);
    }
    // SAFETY: not null, and so valid for a `T`, as NVML demands of its callers.
    unsafe { out.write(value) };
    Ok(())
}

/// Puts `text` and a NUL into a buffer of `len` bytes.
fn put_text(out: *mut c_char, len: usize, text: &str) -> Result<(), Return> {
    if out.is_null() {
        return Err(Return::InvalidArgument);
    }
    if text.len() >= len {
        return Err(Return::InsufficientSize);
    }
    // SAFETY: not null, and so valid for `len` bytes, as NVML demands of its callers; text and NUL fit.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), out, text.len());
        out.add(text.len()).write(0);
    }
    Ok(())
}

/// Copies as many `items` as `count` allows into `out`, and sets `count` to how many there are.
fn put_all<T: Copy>(count: *mut u32, out: *mut T, items: &[T]) -> Result<(), Return> {
    if count.is_null() {
        return Err(Return::InvalidArgument);
    }
    // SAFETY: not null, and so valid, as NVML demands of its callers.
    let room = unsafe { count.read() } as usize;
    put(count, u32::try_from(items.len()).unwrap_or(u32::MAX))?;
    if items.len() > room {
        return Err(Return::InsufficientSize);
    }
    if !items.is_empty() && !out.is_null() {
        // SAFETY: not null, and so valid for `room` items, as NVML demands of its callers; so many there are at most.
        unsafe { std::ptr::copy_nonoverlapping(items.as_ptr(), out, items.len()) };
    }
    Ok(())
}

fn code(outcome: Result<(), Return>) -> nvmlReturn_t {
    outcome.err().unwrap_or_default().code()
}

/// What a device does not have is not supported.
fn supported<T>(value: Option<T>) -> Result<T, Return> {
    value.ok_or(Return::NotSupported)
}

fn on_device(
    symbol: &str,
    device: nvmlDevice_t,
    answer: impl FnOnce(&Device) -> Result<(), Return>,
) -> nvmlReturn_t {
    let target = DRIVER.enter_device(symbol, device.addr());
    code(target.and_then(|target| answer(target.device())))
}

/// Exports functions on a device: symbol, arguments beyond the device, and what is answered.
macro_rules! device_functions {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) |$device:ident| $answer:expr;)*) => {
        $(
            // SAFETY: NVML's name, which nothing else in this library has.
            #[unsafe(no_mangle)]
            pub extern "C" fn $name(
                device: nvml_wrapper_sys::bindings::nvmlDevice_t,
                $($arg: $ty),*
            ) -> nvml_wrapper_sys::bindings::nvmlReturn_t {
                crate::abi::on_device(stringify!($name), device, |$device| $answer)
            }
        )*
    };
}
use device_functions;
