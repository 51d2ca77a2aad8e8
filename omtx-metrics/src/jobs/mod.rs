//! Metrics of jobs and of the queues in which they wait, recorded by an observer of [`omtx_context`]'s job life cycle.
//!
//! ```
//! use omtx_context::{JobSpec, Jobs};
//! use omtx_metrics::{Registry, jobs::JobMetricsObserver};
//!
//! let registry = Registry::builder().namespace("omtx_hub").build()?;
//! let jobs = Jobs::new(JobMetricsObserver::new(&registry)?);
//!
//! let job = jobs.submit(JobSpec::new("boltz2").id("job-1").queue("gpu"));
//! job.run_blocking(|| Ok::<_, std::io::Error>(42)).unwrap();
//!
//! let text = registry.to_text();
//! assert!(text.contains(r#"omtx_hub_jobs_completed_total{job_type="boltz2",status="completed"} 1"#));
//! assert!(text.contains(r#"omtx_hub_queue_wait_seconds_count{queue="gpu"} 1"#));
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! The rows of `jobs_completed_total` exist, with zeros for every status, from a job type's first submission on, so that its
//! first failure is an increase that `rate()` sees. A row of `jobs_failed_total` appears with the first failure of its
//! reason.

mod ages;
mod metrics;
mod observer;

pub use metrics::{
    FailureLabels, JobLabels, JobMetrics, JobStatusLabels, QueueLabels, QueueMetrics, StageLabels,
};
pub use observer::{DEFAULT_STUCK_AFTER, JobMetricsBuilder, JobMetricsObserver, JobState};
