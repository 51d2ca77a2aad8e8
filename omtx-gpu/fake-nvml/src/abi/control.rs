//! How a test reaches the copy of the library that it has loaded: the executable has a driver of its own, which nobody
//! asks.

use std::ffi::{CStr, OsStr, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::state::DRIVER;

/// The bytes that a control function is given.
fn text<'a>(text: *const u8, len: usize) -> &'a str {
    // SAFETY: only `Control` calls these functions, with the parts of a `&str` that outlives the call.
    let bytes = unsafe { std::slice::from_raw_parts(text, len) };
    std::str::from_utf8(bytes).unwrap_or_default()
}

// SAFETY: a name that nothing else in this library has.
#[unsafe(no_mangle)]
pub extern "C" fn fake_nvml_play(json: *const u8, len: usize) -> c_int {
    match serde_json::from_str(text(json, len)) {
        Ok(script) => {
            DRIVER.play(script);
            0
        }
        Err(_) => 1,
    }
}

// SAFETY: a name that nothing else in this library has.
#[unsafe(no_mangle)]
pub extern "C" fn fake_nvml_calls(symbol: *const u8, len: usize) -> u64 {
    DRIVER.calls(text(symbol, len))
}

// SAFETY: a name that nothing else in this library has.
#[unsafe(no_mangle)]
pub extern "C" fn fake_nvml_hanging(symbol: *const u8, len: usize) -> u64 {
    DRIVER.hanging(text(symbol, len))
}

// SAFETY: a name that nothing else in this library has.
#[unsafe(no_mangle)]
pub extern "C" fn fake_nvml_users() -> u64 {
    DRIVER.users()
}

type Play = unsafe extern "C" fn(*const u8, usize) -> c_int;
type Count = unsafe extern "C" fn(*const u8, usize) -> u64;
type Users = unsafe extern "C" fn() -> u64;

/// The functions above, of a copy that is loaded.
#[derive(Debug)]
pub(crate) struct Control {
    play: Play,
    calls: Count,
    hanging: Count,
    users: Users,
    /// Keeps the copy, and so the state of its driver, in memory.
    _library: libloading::Library,
}

impl Control {
    pub(crate) fn load(path: &Path) -> Self {
        // SAFETY: the library that this crate builds: it runs no code when it is loaded or unloaded, and its functions have
        // these types. They are called only while the library is kept.
        unsafe {
            let library = libloading::Library::new(path).expect("the copy can be loaded");
            let missing = "the library is that of this crate";
            Self {
                play: *library.get::<Play>(b"fake_nvml_play\0").expect(missing),
                calls: *library.get::<Count>(b"fake_nvml_calls\0").expect(missing),
                hanging: *library.get::<Count>(b"fake_nvml_hanging\0").expect(missing),
                users: *library.get::<Users>(b"fake_nvml_users\0").expect(missing),
                _library: library,
            }
        }
    }

    pub(crate) fn play(&self, json: &str) -> c_int {
        // SAFETY: the parts of a `&str` that outlives the call.
        unsafe { (self.play)(json.as_ptr(), json.len()) }
    }

    pub(crate) fn calls(&self, symbol: &str) -> u64 {
        // SAFETY: as in `play`.
        unsafe { (self.calls)(symbol.as_ptr(), symbol.len()) }
    }

    pub(crate) fn hanging(&self, symbol: &str) -> u64 {
        // SAFETY: as in `play`.
        unsafe { (self.hanging)(symbol.as_ptr(), symbol.len()) }
    }

    pub(crate) fn users(&self) -> u64 {
        // SAFETY: takes nothing, returns a number.
        unsafe { (self.users)() }
    }
}

/// The file that this code was loaded from.
pub(crate) fn own_path() -> Option<PathBuf> {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let own: *const libc::c_void = std::ptr::from_ref(&DRIVER).cast();
    // SAFETY: any address may be asked for; zeros are a valid `Dl_info`, and `dladdr` fills it in.
    let info = unsafe {
        libc::dladdr(own, info.as_mut_ptr());
        info.assume_init()
    };
    if info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: `dladdr` gives a C string that lives as long as the library is loaded.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(OsStr::from_bytes(name.to_bytes()).into())
}
