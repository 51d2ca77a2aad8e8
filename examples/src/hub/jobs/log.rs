//! One line when a job is submitted and one when it is over.

use std::time::Duration;

use omtx_context::{JobEnd, JobInfo, JobObserver, JobStatus};
use tracing::{error, info};

use crate::hub::logging::millis;

/// Logs the life of each job.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobLog;

impl JobObserver for JobLog {
    type State = ();

    fn on_submit(&self, job: &JobInfo) {
        info!(
            job_id = job.id(),
            job_type = job.job_type(),
            user_id = job.user(),
            "job submitted"
        );
    }

    fn on_end(&self, (): &(), job: &JobInfo, end: &JobEnd) {
        let (id, kind, status) = (job.id(), job.job_type(), end.status.as_str());
        let duration_ms = end.run.map(millis);
        if end.status == JobStatus::Panicked {
            error!(
                job_id = id,
                job_type = kind,
                status,
                duration_ms,
                "job ended"
            );
        } else {
            info!(
                job_id = id,
                job_type = kind,
                status,
                reason = end.reason,
                duration_ms,
                "job ended"
            );
        }
    }

    fn on_start(&self, (): &mut (), job: &JobInfo, queued: Duration) {
        tracing::debug!(job_id = job.id(), queued_ms = millis(queued), "job started");
    }
}
