//! For this workspace's benches: sampling without the threads around it. Not for use.

use std::path::Path;
use std::time::Duration;

use crate::driver::{Session, Watch, open};
use crate::options::{DEFAULT_BACKOFF, Options};

/// Asks all devices once; `true` for everything, `false` for what changes quickly. Returns how many answered.
///
/// # Panics
///
/// Where there is no driver.
pub fn sampler(library: &Path) -> impl FnMut(bool) -> usize + Send + use<> {
    let second = Duration::from_secs(1);
    let options = Options {
        library: Some(library.into()),
        interval: second,
        slow_interval: second,
        max_age: second,
        call_deadline: second,
        backoff: DEFAULT_BACKOFF,
        expected: 1,
        pcie_throughput: false,
        process_memory: false,
    };
    let watch: &'static Watch = Box::leak(Box::default());
    let nvml = open(&options, watch).expect("there is a driver");
    let mut session = Session::start(Box::leak(Box::new(nvml)), watch).expect("there is a device");
    move |slow| {
        let devices = session.sample(slow, &options).expect("the driver answers");
        devices.iter().filter(|device| device.up).count()
    }
}

/// Makes the next scrape of a registry show a collector's devices as if they had been sampled since the last one.
pub fn forget(registry: &omtx_metrics::Registry) {
    crate::metrics::forget(registry);
}
