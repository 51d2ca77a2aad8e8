//! An NVIDIA driver that does what a test tells it to.
//!
//! The crate builds `libfake_nvml.so`, which exports NVML's symbols and answers them from a [`Script`]: which devices there
//! are, what they support, which of them are lost, which calls fail, take long or never return. What loads it (the
//! `nvml-wrapper` crate, Python's `nvidia-ml-py`) cannot tell it from `libnvidia-ml.so`.
//!
//! ```no_run
//! use fake_nvml::{Device, FakeDriver, Return, Script};
//!
//! let driver = FakeDriver::new(Script::with(vec![Device::data_center(0), Device::data_center(1)]));
//! // … load `driver.path()` …
//! driver.change(|script| script.devices[1].state = Return::GpuIsLost);
//! driver.change(|script| script.hang("nvmlDeviceGetPowerUsage"));
//! driver.await_hanging("nvmlDeviceGetPowerUsage");
//! driver.change(|script| script.release());
//! assert!(driver.calls("nvmlInit_v2") > 0);
//! ```
//!
//! Each [`FakeDriver`] loads a copy of the library from a folder of its own: copies share nothing, so tests that run in
//! parallel each have their own driver, and a copy can lack symbols as an old driver's library does
//! ([`FakeDriver::without`]).
//!
//! Another process that loads [`FakeDriver::path`] reads the script from the file beside the library
//! (`libnvidia-ml.so.1.json`) or from `$FAKE_NVML_SCRIPT`, and again whenever that changes.

mod abi;
mod driver;
mod reply;
mod script;
mod state;
mod symbols;

pub use driver::FakeDriver;
pub use reply::Return;
pub use script::{Device, Event, Link, Mig, Process, Remapped, Script};
