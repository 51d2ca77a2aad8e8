//! The families of jobs and queues.

use omtx_context::JobStatus;

use crate::label::closed_label;
use crate::{Counter, Family, Gauge, Histogram, IntGauge, Labels, MetricSet, buckets};

closed_label!(JobStatus);

/// The kind of job.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct JobLabels<'a> {
    /// The kind of job, as it was submitted.
    pub job_type: &'a str,
}

/// How jobs of one kind ended.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct JobStatusLabels<'a> {
    /// The kind of job, as it was submitted.
    pub job_type: &'a str,
    /// How it ended.
    pub status: JobStatus,
}

/// Why jobs of one kind failed.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct FailureLabels<'a> {
    /// The kind of job, as it was submitted.
    pub job_type: &'a str,
    /// The reason that the job's error names; `panic` for a panic.
    pub reason: &'a str,
}

/// A stage of one kind of job.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct StageLabels<'a> {
    /// The kind of job, as it was submitted.
    pub job_type: &'a str,
    /// The stage's name.
    pub stage: &'a str,
}

/// A queue.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct QueueLabels<'a> {
    /// The queue's name.
    pub queue: &'a str,
}

/// The families of jobs.
#[derive(Debug, MetricSet)]
#[metrics(crate = crate)]
#[non_exhaustive]
pub struct JobMetrics {
    /// Jobs submitted.
    pub jobs_submitted_total: Family<JobLabels<'static>, Counter>,
    /// Jobs that ended, whatever their end.
    pub jobs_completed_total: Family<JobStatusLabels<'static>, Counter>,
    /// Jobs that failed or panicked, by reason.
    pub jobs_failed_total: Family<FailureLabels<'static>, Counter>,
    /// Jobs that are running.
    pub jobs_active: Family<JobLabels<'static>, IntGauge>,
    /// Jobs that have been running for longer than the limit, 2 h by default.
    pub jobs_stuck: Family<JobLabels<'static>, IntGauge>,
    /// How long the oldest running job has been running; 0 if none is.
    #[metric(unit = "seconds")]
    pub job_oldest_running_seconds: Family<JobLabels<'static>, Gauge>,
    /// How long jobs ran.
    #[metric(unit = "seconds", buckets = buckets::JOB_SECONDS, exemplars)]
    pub job_duration_seconds: Family<JobStatusLabels<'static>, Histogram>,
    /// How long jobs were in a stage.
    #[metric(unit = "seconds", buckets = buckets::JOB_SECONDS)]
    pub job_stage_duration_seconds: Family<StageLabels<'static>, Histogram>,
    /// Running jobs by the stage that they are in.
    pub jobs_in_stage: Family<StageLabels<'static>, IntGauge>,
}

/// The families of queues.
#[derive(Debug, MetricSet)]
#[metrics(crate = crate)]
#[non_exhaustive]
pub struct QueueMetrics {
    /// Jobs that wait in a queue.
    pub queue_depth: Family<QueueLabels<'static>, IntGauge>,
    /// How long jobs waited before they started.
    #[metric(unit = "seconds", buckets = buckets::JOB_SECONDS)]
    pub queue_wait_seconds: Family<QueueLabels<'static>, Histogram>,
    /// How long the oldest job in a queue has been waiting; 0 if none is.
    #[metric(unit = "seconds")]
    pub queue_oldest_seconds: Family<QueueLabels<'static>, Gauge>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LabelValue;

    #[test]
    fn an_index_leads_back_to_its_status() {
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::from_index(status.index()), status);
        }
    }
}
