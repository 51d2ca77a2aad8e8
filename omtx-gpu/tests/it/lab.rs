//! A driver, a collector in a hurry, and a registry that shows it.

use std::time::{Duration, Instant};

use fake_nvml::{FakeDriver, Script};
use omtx_gpu::{CollectorState, GpuCollector, GpuCollectorBuilder};
use omtx_metrics::Registry;
use omtx_metrics::testing::Exposition;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Lab {
    /// First: dropped first, it releases what hangs.
    pub(crate) driver: FakeDriver,
    pub(crate) gpus: GpuCollector,
    pub(crate) registry: Registry,
}

/// A collector that looks, and loses patience, every few milliseconds.
pub(crate) fn hasty() -> GpuCollectorBuilder {
    let ms = Duration::from_millis;
    GpuCollector::builder()
        .interval(ms(10))
        .slow_interval(ms(30))
        .call_deadline(ms(1_000))
        .backoff(ms(10), ms(40))
}

impl Lab {
    pub(crate) fn new(script: Script) -> Self {
        Self::with(FakeDriver::new(script), hasty())
    }

    pub(crate) fn with(driver: FakeDriver, builder: GpuCollectorBuilder) -> Self {
        let registry = Registry::new();
        let gpus = builder.library(driver.path()).start().unwrap();
        gpus.register(&registry).unwrap();
        Self {
            driver,
            gpus,
            registry,
        }
    }

    /// One that has been up.
    pub(crate) fn up(script: Script) -> Self {
        let lab = Self::new(script);
        lab.await_state(CollectorState::Up);
        lab
    }

    #[track_caller]
    pub(crate) fn await_state(&self, state: CollectorState) {
        until(&format!("{state:?}"), || {
            self.gpus.status().state == state && self.shows(state)
        });
    }

    /// True if a scrape says so too.
    fn shows(&self, state: CollectorState) -> bool {
        use omtx_metrics::LabelValue;
        self.read("gpu_collector_state", &[("state", state.as_str())]) == Some(1.0)
    }

    pub(crate) fn scrape(&self) -> Exposition {
        Exposition::parse(&self.registry.to_text()).unwrap()
    }

    pub(crate) fn read(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.scrape().read(name, labels)
    }

    /// A reading of a device.
    pub(crate) fn of(&self, uuid: &str, name: &str) -> Option<f64> {
        self.read(name, &[("uuid", uuid)])
    }

    /// Waits until the sampler has asked everything once more.
    #[track_caller]
    pub(crate) fn await_samples(&self) {
        let count = || self.driver.calls("nvmlDeviceGetCount_v2");
        let before = count();
        until("samples", || count() >= before + 2);
    }
}

/// Waits for a condition.
#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The UUIDs of `Device::data_center(0)` and so on.
pub(crate) fn uuid(index: u32) -> String {
    format!("GPU-{index:08x}-0000-4000-8000-000000000000")
}
