//! What do this machine's GPUs do, what do they cost, and are they still there?
//!
//! Two threads ask NVIDIA's management library, NVML, and nobody else ever waits for it: scrapes, health checks and ends of
//! jobs read what was learned last. Without a GPU, a driver or its library, everything starts and says what is missing.
//!
//! # Quickstart
//!
//! ```
//! use omtx_gpu::GpuCollector;
//! use omtx_metrics::Registry;
//!
//! let registry = Registry::builder().namespace("omtx_hub").build()?;
//! let gpus = GpuCollector::builder().from_env()?.start()?; // keep it: dropped, it stops
//! gpus.register(&registry)?;
//!
//! assert!(registry.to_text().contains("omtx_hub_gpu_collector_state{state="));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On a machine with GPUs, a scrape has, for each of them and as far as it supports it:
//!
//! ```text
//! omtx_hub_gpu_collector_state{state="up"} 1
//! omtx_hub_gpu_up{uuid="GPU-5f0e…"} 1
//! omtx_hub_gpu_utilization_ratio{uuid="GPU-5f0e…"} 0.87
//! omtx_hub_gpu_memory_used_bytes{uuid="GPU-5f0e…"} 21474836480
//! omtx_hub_gpu_power_watts{uuid="GPU-5f0e…"} 412.5
//! omtx_hub_gpu_energy_joules_total{uuid="GPU-5f0e…"} 81234.5
//! omtx_hub_gpu_throttled{uuid="GPU-5f0e…",reason="sw_power_cap"} 1
//! omtx_hub_gpu_xid_errors_total{uuid="GPU-5f0e…",xid="79"} 1
//! omtx_hub_gpu_info{uuid="GPU-5f0e…",index="0",name="NVIDIA H100 80GB HBM3",driver="550.54.15",cuda="12.4",pci="00000000:17:00.0",mig="disabled",parent=""} 1
//! ```
//!
//! # Where to go from here
//!
//! | you want | look at |
//! |---|---|
//! | all families, and the NVML call and unit behind each | [`GpuMetrics`], [`metrics`] |
//! | the names of dcgm-exporter, for dashboards that hold them | [`GpuCollector::register_dcgm`], [`metrics::DcgmMetrics`] |
//! | GPU seconds, joules and memory of each job | [`jobs`], [`GpuJobObserver`] |
//! | a health check | `GpuCollector::check` (feature `health`) |
//! | the readings in your own code | [`GpuCollector::snapshot`], [`GpuReadings`] |
//! | intervals, limits, where the library is | [`GpuCollectorBuilder`] |
//!
//! # What happens when something goes wrong
//!
//! `gpu_collector_state` names one of four states. Recovery is automatic in all of them.
//!
//! | what | state | meanwhile | it ends |
//! |---|---|---|---|
//! | no library, no driver, no device | `absent` | no rows but the state | when there is one; looked for every second at first, then every minute |
//! | the library does not fit the driver (an update without a reboot) | `absent`, or `lost` if it was up | as above; `gpu_up` 0 | when both fit |
//! | a device falls off the bus, or needs a reset | `up`, `lost` below [`expect_devices`](GpuCollectorBuilder::expect_devices) | its `gpu_up` is 0; the others go on | when it answers again |
//! | all devices do | `lost` | `gpu_up` 0 | the driver is opened again and again |
//! | the driver is unloaded or reloaded | `lost` for a moment | `gpu_up` 0 | NVML is shut down, initialised, and asked for new handles; energy begins at 0 |
//! | a call hangs | `stuck` | the last readings, until they are [`max_age`](GpuCollectorBuilder::max_age) old; then no rows, and `gpu_up` 0 | when the call returns, in the same thread |
//! | a device does not support a reading | `up` | no row for it, and no further call | with the driver's life |
//! | a reading fails for another reason | `up` | no row for it | with the next sample |
//! | more XID errors at once than NVML tells apart | `up` | each is counted, under the number of the last one | |
//!
//! A call that hangs cannot be aborted. While one does, no other thread is started in its place, and NVML is neither shut down
//! nor unloaded under it: there are two threads, whatever happens. Process exit is not held up by them.
//!
//! `gpu_collector_failures_total` counts failed attempts, and [`GpuCollector::status`] gives the reason in words.
//!
//! # What it costs
//!
//! With everything supported, a device answers 13 calls each [`interval`](GpuCollectorBuilder::interval) (5 s), and 89 more each
//! [`slow_interval`](GpuCollectorBuilder::slow_interval) (60 s), 72 of them for the 18 NVLinks of a data centre's device. Beside
//! the driver's own time, which is 10 µs to 1 ms for a call, the collector's is small: `cargo bench -p omtx-benches --bench gpu`
//! counts the calls and prints both. What a device refuses once is not asked again while the driver lives. PCIe throughput, of which each call takes
//! 20 ms, is off unless [asked for](GpuCollectorBuilder::pcie_throughput). A scrape makes no call.
//!
//! # How others do it
//!
//! - **nvidia_gpu_exporter** runs `nvidia-smi` to collect: a process, a new initialisation of NVML and all of its queries stand
//!   between Prometheus and the answer, and a driver that hangs holds up the scrape.
//! - **all-smi** keeps `nvml-wrapper` open and collects on a loop of its own, as this crate does. It is a program beside the
//!   service, and knows nothing of its jobs.
//! - **dcgm-exporter** needs DCGM's library or daemon, and knows more (profiling, NVLink bandwidth). Where it runs, use it for
//!   the fleet, and this crate for what only the service knows: which job used what.
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds |
//! |---|---|
//! | `health` | a check for `omtx-health` |
//!
//! # Troubleshooting
//!
//! - *The state is `absent` in a container.* The library comes with the driver: run with the NVIDIA container runtime and
//!   `NVIDIA_DRIVER_CAPABILITIES=utility`, or name it with `OMTX_NVML_LIB`.
//! - *`gpu_processes` is 0 in a container.* NVML lists processes of its own PID namespace only.
//! - *`gpu_utilization_ratio` has no row, but the others do.* The device is cut into MIG instances; it cannot tell.
//! - *`gpu_energy_joules_total` has no row.* The device is older than Volta. Jobs are charged by power then.
//! - *A reading stays away although `nvidia-smi` has it now.* It was refused when the driver was opened; what a device supports
//!   changes with its MIG mode only, and then it is learned anew.
#![cfg_attr(docsrs, feature(doc_cfg))]
// NVML has events on Linux only, so that nothing counts them elsewhere.
#![cfg_attr(not(target_os = "linux"), allow(dead_code, unused_imports))]

#[doc(hidden)]
pub mod __bench;
mod backoff;
mod collector;
mod driver;
mod error;
mod events;
#[cfg(feature = "health")]
mod health;
pub mod jobs;
mod lock;
pub mod metrics;
mod options;
mod readings;
mod sampler;
mod shared;
mod snapshot;
mod state;
mod xids;

pub use collector::GpuCollector;
pub use error::Error;
#[cfg(feature = "health")]
#[cfg_attr(docsrs, doc(cfg(feature = "health")))]
pub use health::GpuCheck;
pub use jobs::{DEVICE_KEY, GpuJobObserver};
pub use metrics::GpuMetrics;
pub use options::{
    DEFAULT_BACKOFF, DEFAULT_CALL_DEADLINE, DEFAULT_INTERVAL, DEFAULT_MAX_AGE,
    DEFAULT_SLOW_INTERVAL, GpuCollectorBuilder,
};
pub use readings::{
    GpuClock, GpuEccKind, GpuEccLocation, GpuLinkError, GpuMemory, GpuProcess, GpuReadings,
    GpuRemappedRows, GpuRetirement, GpuThreshold, GpuThrottle,
};
pub use snapshot::{GpuDevice, GpuDriver, GpuIdentity, GpuMig, GpuSnapshot};
pub use state::{CollectorState, Status};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
