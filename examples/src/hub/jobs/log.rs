//! One line when a job is submitted and one when it is over.

use std::time::Duration;

use omtx_context::{JobEnd, JobInfo, JobObserver, JobStatus};
use tracing::{debug, error, info};

use crate::hub::logging::{Ids, millis};

/// Logs the life of each job. Each line names the request that the job came from.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobLog;

impl JobObserver for JobLog {
    type State = ();

    fn on_submit(&self, job: &JobInfo) {
        let Ids {
            request_id,
            user_id,
            job_id,
            job_type,
        } = Ids::of(job.scope());
        info!(request_id, user_id, job_id, job_type, "job submitted");
    }

    fn on_start(&self, (): &mut (), job: &JobInfo, queued: Duration) {
        let Ids {
            request_id,
            user_id,
            job_id,
            job_type,
        } = Ids::of(job.scope());
        let queued_ms = millis(queued);
        debug!(
            request_id,
            user_id, job_id, job_type, queued_ms, "job started"
        );
    }

    fn on_end(&self, (): &(), job: &JobInfo, end: &JobEnd) {
        let Ids {
            request_id,
            user_id,
            job_id,
            job_type,
        } = Ids::of(job.scope());
        let (status, reason) = (end.status.as_str(), end.reason);
        let duration_ms = end.run.map(millis);
        if end.status == JobStatus::Panicked {
            error!(
                request_id,
                user_id, job_id, job_type, status, duration_ms, "job ended"
            );
        } else {
            info!(
                request_id,
                user_id, job_id, job_type, status, reason, duration_ms, "job ended"
            );
        }
    }
}
