//! The families of jobs on GPUs.

use omtx_metrics::{Counter, CounterF64, Family, Gauge, Histogram, Labels, MetricSet};

/// The kind of job.
#[derive(Clone, Copy, Debug, Labels)]
pub struct GpuJobLabels<'a> {
    /// The kind of job, as it was submitted.
    pub job_type: &'a str,
}

/// 256 MiB to 128 GiB, in powers of two.
const MEMORY: [f64; 10] = omtx_metrics::buckets::exponential(268_435_456.0, 2.0);

/// The families of jobs on GPUs, charged at the job's end; see [`jobs`](crate::jobs).
#[derive(Debug, MetricSet)]
#[non_exhaustive]
pub struct GpuJobMetrics {
    /// GPU seconds that jobs held, a device shared by n jobs counting 1/n for each.
    #[metric(unit = "seconds")]
    pub gpu_job_seconds_total: Family<GpuJobLabels<'static>, CounterF64>,
    /// GPU seconds in which a kernel ran: the seconds, weighted by the device's utilisation.
    #[metric(unit = "seconds")]
    pub gpu_job_busy_seconds_total: Family<GpuJobLabels<'static>, CounterF64>,
    /// Energy that jobs were charged.
    #[metric(unit = "joules")]
    pub gpu_job_energy_joules_total: Family<GpuJobLabels<'static>, CounterF64>,
    /// The most memory that was allocated on a job's devices.
    #[metric(unit = "bytes", buckets = &MEMORY)]
    pub gpu_job_peak_memory_bytes: Family<GpuJobLabels<'static>, Histogram>,
    /// Busy seconds over seconds of all jobs that have ended; over a window, divide the rates of the counters.
    #[metric(unit = "ratio")]
    pub gpu_efficiency_ratio: Family<GpuJobLabels<'static>, Gauge>,
    /// Jobs that named a device which was not there.
    pub gpu_jobs_uncharged_total: Family<GpuJobLabels<'static>, Counter>,
}
