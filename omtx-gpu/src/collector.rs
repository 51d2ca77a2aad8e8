//! The handle of a collector.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use omtx_metrics::Registry;

use crate::Error;
use crate::metrics;
use crate::options::{GpuCollectorBuilder, Options};
use crate::shared::Shared;
use crate::snapshot::GpuSnapshot;
use crate::state::Status;
use crate::{events, sampler};

/// Samples the GPUs of the machine on a thread of its own, and counts their errors on another.
///
/// Cloning is cheap, and all clones are the same collector. When the last one is dropped, both threads end: at once, or when
/// the call returns that one of them is in. Registries and job observers that know the collector do not keep it running.
///
/// One collector per process is enough.
///
/// ```
/// use omtx_gpu::{CollectorState, GpuCollector};
/// use omtx_metrics::Registry;
///
/// let registry = Registry::builder().namespace("omtx_hub").build()?;
/// let gpus = GpuCollector::builder().library("/nowhere/libnvidia-ml.so.1").start()?;
/// gpus.register(&registry)?;
///
/// // Without a driver, the collector says so and goes on looking; scrapes do not wait for it.
/// assert!(registry.to_text().contains("omtx_hub_gpu_collector_state{state=\"absent\"} 1"));
/// assert_eq!(gpus.status().state, CollectorState::Absent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GpuCollector {
    pub(crate) shared: Arc<Shared>,
    _running: Arc<Running>,
}

/// Ends the threads with the last handle.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl GpuCollector {
    /// A collector with the defaults.
    pub fn builder() -> GpuCollectorBuilder {
        GpuCollectorBuilder::new()
    }

    pub(crate) fn start(options: Options) -> Result<Self, Error> {
        let shared = Arc::new(Shared::new(options));
        // First: if the second thread is refused, the first one ends.
        let running = Arc::new(Running(Arc::clone(&shared)));
        spawn("omtx-gpu-events", &shared, events::run)?;
        spawn("omtx-gpu", &shared, sampler::run)?;
        Ok(Self {
            shared,
            _running: running,
        })
    }

    /// How the collector is now. Costs no call into the driver.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status(Instant::now())
    }

    /// What is known of all devices. Costs no call into the driver, and takes no lock.
    #[must_use]
    pub fn snapshot(&self) -> Arc<GpuSnapshot> {
        self.shared.latest()
    }

    /// How long readings are shown after the device has said them.
    #[must_use]
    pub fn max_age(&self) -> Duration {
        self.shared.options.max_age
    }

    /// Shows the devices in this registry: `gpu_*`, see [`metrics`](crate::metrics). A scrape reads the last snapshot.
    ///
    /// # Errors
    ///
    /// If the registry has a family of one of the names, or shows another collector.
    pub fn register(&self, registry: &Registry) -> Result<(), Error> {
        metrics::register(&self.shared, registry)
    }

    /// Shows the devices in this registry under the names of dcgm-exporter, for dashboards that hold them:
    /// `DCGM_FI_DEV_*`, see [`DcgmMetrics`](metrics::DcgmMetrics).
    ///
    /// # Errors
    ///
    /// If the registry has a family of one of the names, or shows another collector.
    pub fn register_dcgm(&self, registry: &Registry) -> Result<(), Error> {
        metrics::register_dcgm(&self.shared, registry)
    }
}

impl fmt::Debug for GpuCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuCollector")
            .field("status", &self.status())
            .field("devices", &self.snapshot().devices.len())
            .finish_non_exhaustive()
    }
}

fn spawn(name: &'static str, shared: &Arc<Shared>, run: fn(&Shared)) -> Result<(), Error> {
    let shared = Arc::clone(shared);
    let spawned = thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || run(&shared));
    spawned
        .map(drop)
        .map_err(|error| Error::thread(name, error))
}
