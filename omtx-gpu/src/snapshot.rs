//! What is known of all devices at one moment.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::readings::GpuReadings;
use crate::state::Status;

/// What is known of all devices at one moment; see [`GpuCollector::snapshot`](crate::GpuCollector::snapshot).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GpuSnapshot {
    /// When it was taken.
    pub taken: Instant,
    /// The same on the wall clock.
    pub taken_at: SystemTime,
    /// When a device answered last, on the wall clock; `None` if none ever did.
    pub sampled_at: Option<SystemTime>,
    /// How the collector was then. That a call hangs shows only in
    /// [`GpuCollector::status`](crate::GpuCollector::status), because a thread that hangs takes no snapshot.
    pub status: Status,
    /// The driver that answered last.
    pub driver: Option<Arc<GpuDriver>>,
    /// All devices that were seen since the collector started, MIG instances behind the device that has them, by index.
    pub devices: Vec<GpuDevice>,
}

/// The driver.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GpuDriver {
    /// The driver's version: `550.54.15`.
    ///
    /// # Source
    ///
    /// `nvmlSystemGetDriverVersion`
    pub version: Arc<str>,
    /// The newest CUDA version that it supports: `12.4`.
    ///
    /// # Source
    ///
    /// `nvmlSystemGetCudaDriverVersion_v2`
    pub cuda: Option<Arc<str>>,
}

/// A device, or a MIG instance of one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GpuDevice {
    /// Which device it is.
    pub identity: Arc<GpuIdentity>,
    /// True if it answered when the snapshot was taken.
    pub up: bool,
    /// When it answered last; `None` if it never did.
    pub sampled: Option<Instant>,
    /// What it said then.
    pub readings: Arc<GpuReadings>,
    /// Why it did not answer.
    pub problem: Option<Arc<str>>,
}

impl GpuDevice {
    /// True if what it said last is younger than `max_age` at `now`.
    #[must_use]
    pub fn is_fresh(&self, now: Instant, max_age: Duration) -> bool {
        self.sampled
            .is_some_and(|sampled| now.saturating_duration_since(sampled) <= max_age)
    }
}

/// Which device it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GpuIdentity {
    /// `GPU-…`, or `MIG-…` for an instance: the key, because indexes change with a reboot.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetUUID`
    pub uuid: Arc<str>,
    /// The driver's index. An instance has that of its device.
    ///
    /// # Source
    ///
    /// the index of `nvmlDeviceGetHandleByIndex_v2`
    pub index: u32,
    /// The product's name.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetName`
    pub name: Arc<str>,
    /// `00000000:17:00.0`; that of its device for an instance; empty where the driver does not tell.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPciInfo_v3`
    pub pci_bus_id: Arc<str>,
    /// Whether it is cut into instances, or is one.
    pub mig: GpuMig,
}

/// Whether a device is cut into MIG instances, or is one.
///
/// # Source
///
/// `nvmlDeviceGetMigMode`, `nvmlDeviceGetGpuInstanceId`, `nvmlDeviceGetComputeInstanceId`
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GpuMig {
    /// The device cannot be.
    Unsupported,
    /// It is not, and can be.
    Disabled,
    /// It is.
    Enabled,
    /// An instance.
    #[non_exhaustive]
    Instance {
        /// The UUID of its device.
        parent: Arc<str>,
        /// The GPU instance's id.
        gpu_instance: u32,
        /// The compute instance's id.
        compute_instance: u32,
    },
}

impl std::fmt::Display for GpuMig {
    /// `unsupported`, `disabled`, `enabled`, or an instance's ids: `1/0`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsupported => f.write_str("unsupported"),
            Self::Disabled => f.write_str("disabled"),
            Self::Enabled => f.write_str("enabled"),
            Self::Instance {
                gpu_instance,
                compute_instance,
                ..
            } => write!(f, "{gpu_instance}/{compute_instance}"),
        }
    }
}

impl GpuSnapshot {
    /// The device that `name` means: its index, its UUID, or the beginning of a UUID that only one device has, as
    /// `CUDA_VISIBLE_DEVICES` takes them.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&GpuDevice> {
        if let Ok(index) = name.parse::<u32>() {
            return self.devices.iter().find(|device| {
                device.identity.index == index
                    && !matches!(device.identity.mig, GpuMig::Instance { .. })
            });
        }
        if !(name.starts_with("GPU-") || name.starts_with("MIG-")) {
            return None;
        }
        let mut matching = self
            .devices
            .iter()
            .filter(|device| device.identity.uuid.starts_with(name));
        let first = matching.next()?;
        let is_exact = *first.identity.uuid == *name;
        (is_exact || matching.next().is_none()).then_some(first)
    }
}
