//! For this workspace's benches: sampling without the threads around it. Not for use.

use sysinfo::Disks;

#[cfg(target_os = "linux")]
use super::cgroup::{Cgroup, CgroupMetrics};
use super::machine::Machine;
use super::{DiskMetrics, MachineMetrics, ProcessMetrics, Source};
use crate::{Error, Registry};

/// Reads a source once, and shows in `registry` what was found; false if that failed. Where there is no such source, nothing.
///
/// # Errors
///
/// If the registry has a family of one of the names.
pub fn sampler(
    registry: &Registry,
    source: Source,
) -> Result<Box<dyn FnMut() -> bool + Send>, Error> {
    Ok(match source {
        Source::Process => {
            let metrics = registry.register::<ProcessMetrics>()?;
            Box::new(move || metrics.sample())
        }
        Source::Machine => {
            let metrics = registry.register::<MachineMetrics>()?;
            let mut machine = Machine::new();
            Box::new(move || machine.sample(&metrics))
        }
        Source::Disks => {
            let metrics = registry.register::<DiskMetrics>()?;
            let mut disks = Disks::new();
            Box::new(move || {
                metrics.sample(&mut disks);
                true
            })
        }
        #[cfg(target_os = "linux")]
        Source::Cgroup => {
            let metrics = registry.register::<CgroupMetrics>()?;
            let cgroup = Cgroup::new();
            Box::new(move || cgroup.sample(&metrics))
        }
        #[cfg(not(target_os = "linux"))]
        Source::Cgroup => Box::new(|| true),
    })
}
