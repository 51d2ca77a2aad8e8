//! The control group of this process: what the kernel lets it have.

mod files;
mod place;

use std::path::{Path, PathBuf};

use crate::{Gauge, MetricSet, Snapshot};
use files::{cpu_limit, memory};
use place::Place;

/// What the process's control group uses and may use, under version 1 or 2. A limit may be set on the group itself or on
/// any group around it: the tightest counts.
///
/// ```text
/// cgroup_memory_used_bytes 215752704
/// cgroup_memory_limit_bytes 536870912
/// cgroup_cpu_limit_cores 2
/// ```
///
/// Where there is no limit there is no row, so that a quotient of the two never divides by a number that means nothing.
///
/// # Source
///
/// Version 2: `memory.max`, `memory.current`, `inactive_file` of `memory.stat`, `cpu.max`. Version 1:
/// `memory.limit_in_bytes`, `memory.usage_in_bytes`, `total_inactive_file`, `cpu.cfs_quota_us` over `cpu.cfs_period_us`.
#[derive(Debug, MetricSet)]
#[metrics(bare, crate = crate)]
#[non_exhaustive]
pub struct CgroupMetrics {
    /// The working set in bytes: usage less inactive file cache, of the group whose limit is the tightest.
    #[metric(unit = "bytes")]
    pub cgroup_memory_used_bytes: Snapshot<(), Gauge>,
    /// The tightest memory limit, in bytes.
    #[metric(unit = "bytes")]
    pub cgroup_memory_limit_bytes: Snapshot<(), Gauge>,
    /// The tightest CPU limit, in CPUs that are busy all the time.
    pub cgroup_cpu_limit_cores: Snapshot<(), Gauge>,
}

/// Where the group is found.
pub(super) struct Cgroup {
    /// `/`, but in tests.
    root: PathBuf,
}

/// What one look at the group found.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Reading {
    used: Option<f64>,
    limit: Option<f64>,
    cores: Option<f64>,
}

impl Cgroup {
    pub(super) fn new() -> Self {
        Self { root: "/".into() }
    }

    /// Reads the group and shows what was found. False if the kernel has control groups, and this one cannot be read.
    pub(super) fn sample(&self, metrics: &CgroupMetrics) -> bool {
        let (reading, complete) = read(&self.root);
        metrics.show(reading);
        complete
    }
}

impl CgroupMetrics {
    /// Takes all rows away: they are too old.
    pub(super) fn clear(&self) {
        self.show(Reading::default());
    }

    fn show(&self, reading: Reading) {
        for (family, value) in [
            (&self.cgroup_memory_used_bytes, reading.used),
            (&self.cgroup_memory_limit_bytes, reading.limit),
            (&self.cgroup_cpu_limit_cores, reading.cores),
        ] {
            family.replace(|rows| {
                if let Some(value) = value {
                    rows.with(()).set(value);
                }
            });
        }
    }
}

fn read(root: &Path) -> (Reading, bool) {
    let text = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let (Some(groups), Some(mounts)) = (text("proc/self/cgroup"), text("proc/self/mountinfo"))
    else {
        // A kernel without control groups is none of this process's faults.
        return (Reading::default(), !root.join("proc/self/cgroup").exists());
    };
    let memory_place = Place::find("memory", &groups, &mounts, root);
    let memory = memory_place.as_ref().and_then(memory);
    let cores = Place::find("cpu", &groups, &mounts, root)
        .as_ref()
        .and_then(cpu_limit);
    let reading = Reading {
        used: memory.map(|memory| memory.used),
        limit: memory.and_then(|memory| memory.limit),
        cores,
    };
    // The root group has no usage of its own; a group below it has.
    let complete =
        reading.used.is_some() || memory_place.is_none_or(|place| place.is_root_of_machine());
    (reading, complete)
}

#[cfg(all(test, not(loom)))]
mod tests;
