//! What do this process, its machine and its control group use?
//!
//! ```
//! use omtx_metrics::Registry;
//! use omtx_metrics::system::SystemMetrics;
//!
//! let registry = Registry::builder().namespace("omtx_hub").build()?;
//! SystemMetrics::builder().start(&registry)?;
//!
//! let text = registry.to_text();
//! assert!(text.contains("\nprocess_resident_memory_bytes "));
//! assert!(text.contains("\nsystem_memory_total_bytes "));
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! ```text
//! process_cpu_seconds_total 12.37
//! process_open_fds 41
//! process_resident_memory_bytes 61734912
//! system_cpu_utilization_ratio 0.31
//! system_load{period="1m"} 0.82
//! system_disk_used_bytes{device="/dev/sda1",mount="/",fstype="ext4"} 48318382080
//! cgroup_memory_used_bytes 215752704
//! cgroup_memory_limit_bytes 536870912
//! cgroup_cpu_limit_cores 2
//! ```
//!
//! The names are never namespaced: those of the process are client_golang's, on which dashboards everywhere rely.
//!
//! # When the values are from
//!
//! They are read on two threads of their own, every [`DEFAULT_INTERVAL`] unless the builder says otherwise, and never by a
//! scrape. One of the threads does nothing but ask file systems for their size, because one that hangs (a dying disk, FUSE
//! without its server) answers never; the other rows stay fresh meanwhile. Network file systems are not asked at all. What
//! was not read for three intervals goes away: an absent row is the truth, an old one is not. The threads end with the registry.
//!
//! # What happens when something cannot be read
//!
//! Its rows are absent, those of the other sources are not affected, and `omtx_system_sample_errors_total{source}` counts
//! each failed attempt, and each time that rows went away because they were too old. A container without a limit has no `cgroup_*_limit_*` row. On systems other than Linux there are no
//! `cgroup_*` rows, and of `process_*` only CPU, memory and start time.
//!
//! # Agreement with other tools
//!
//! | family | the same as |
//! |---|---|
//! | `process_*` | client_golang's process collector; psutil's `Process().memory_info()`, `.cpu_times()`, `.num_fds()`, `.rlimit()`, `.create_time()` |
//! | `system_memory_*`, `system_swap_*` | `MemTotal`, `MemAvailable`, `SwapTotal`, `SwapFree` of `/proc/meminfo`; `used` is total less available |
//! | `system_cpu_utilization_ratio` | psutil's `cpu_percent() / 100`, over the last interval and all CPUs |
//! | `system_disk_used_bytes` | total less what `df` calls available: what only root may use counts as used, so this is above the `used` of `df` and psutil |
//! | `system_network_*` | psutil's `net_io_counters(pernic=True)` |
//! | `cgroup_memory_used_bytes` | the working set of cAdvisor and kubelet: usage less inactive file cache |

#[doc(hidden)]
pub mod __bench;
#[cfg(target_os = "linux")]
mod cgroup;
mod disks;
mod machine;
mod process;
mod sampler;

pub use disks::{DeviceLabels, DiskLabels, DiskMetrics};
pub use machine::{LoadLabels, LoadPeriod, MachineMetrics};
pub use process::ProcessMetrics;
pub use sampler::{DEFAULT_INTERVAL, Source, SourceLabels, SystemMetrics, SystemMetricsBuilder};

#[cfg(target_os = "linux")]
pub use cgroup::CgroupMetrics;
