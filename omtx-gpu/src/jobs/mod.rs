//! What a job costs of the GPUs that it runs on: seconds, joules, memory.
//!
//! A job names its devices in its scope, under the key [`DEVICE_KEY`] (`gpu`), as `CUDA_VISIBLE_DEVICES` does: `"0"`, `"0,1"`,
//! a UUID, or the beginning of one (a scope's value has 256 bytes, which six whole UUIDs fill). When it ends, [`GpuJobObserver`] charges it.
//!
//! ```
//! use omtx_context::{JobSpec, Jobs};
//! use omtx_gpu::{DEVICE_KEY, GpuCollector, GpuJobObserver};
//! use omtx_metrics::{Registry, jobs::JobMetricsObserver};
//!
//! let registry = Registry::builder().namespace("omtx_hub").build()?;
//! let gpus = GpuCollector::builder().from_env()?.start()?;
//! // What writes the closing log line comes before the GPU observer: ends are told in reverse order, so that it finds the
//! // costs in the scope.
//! let jobs = Jobs::new((JobMetricsObserver::new(&registry)?, GpuJobObserver::new(&gpus, &registry)?));
//!
//! let job = jobs.submit(JobSpec::new("boltz2").with(DEVICE_KEY, "0"));
//! job.run_blocking(|| Ok::<_, std::io::Error>(()))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is charged
//!
//! - **Seconds.** While a job runs, it is charged for each device that it names. Jobs that run on a device at the same time
//!   share it in equal parts, from one start or end of a job to the next: *n* jobs pay 1/*n* of the time each. So the
//!   seconds of all jobs add up to the time in which the device was used by any of them.
//! - **Joules.** The energy that the device used between two samples is spread evenly over the time between them, and each
//!   stretch is shared as the time is. The device's energy counter is used where there is one, else its power. A device's idle
//!   power is charged to the jobs that hold it.
//! - **Utilisation.** The mean of the device's utilisation over the job's seconds.
//! - **Peak memory.** The most that was allocated on the job's devices together at any sample that fell into the job, by
//!   whomever: a device does not tell jobs of one process apart.
//!
//! # How exact it is
//!
//! An end never waits for the driver. The time since the last sample is charged with the power of the interval before it, so
//! energy is wrong by at most `interval × |power in the last interval - power before|` for each end, and a job shorter than
//! the interval is charged an estimate only. Time is exact. Where the last sample is older than the collector's `max_age`
//! (no driver, a hung call), the stretch beyond that is charged in seconds, and not in joules.

mod ledger;
mod metrics;
mod observer;

pub(crate) use ledger::Ledger;
pub use metrics::{GpuJobLabels, GpuJobMetrics};
pub use observer::{
    DEVICE_KEY, DURATION_KEY, ENERGY_KEY, GpuJobObserver, GpuJobState, MEMORY_KEY, UTILIZATION_KEY,
};
