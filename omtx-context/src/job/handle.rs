use std::fmt;
use std::sync::{Arc, Weak};

use super::active::Progress;
use super::info::JobInfo;
use crate::scope::Scope;

/// A running job as its own code sees it, from any thread. It keeps nothing alive, and does nothing once the job is over.
#[derive(Clone)]
pub struct JobHandle(Weak<dyn Progress>);

impl JobHandle {
    pub(super) fn new(job: Weak<dyn Progress>) -> Self {
        Self(job)
    }

    /// The job that the current scope belongs to: inside [`run`](crate::QueuedJob::run) and its kin, and wherever the
    /// scope was carried from there.
    #[must_use]
    pub fn current() -> Option<Self> {
        Scope::current()?.job().cloned().map(Self)
    }

    /// Enters a stage and leaves the one before. The name is a metric label: one of few.
    pub fn stage(&self, name: &'static str) {
        if let Some(job) = self.0.upgrade() {
            job.stage(name);
        }
    }

    /// Which job it is, while it runs.
    #[must_use]
    pub fn info(&self) -> Option<Arc<JobInfo>> {
        self.0.upgrade().map(|job| job.info().clone())
    }
}

impl fmt::Debug for JobHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobHandle").field(&self.info()).finish()
    }
}

/// Enters a stage of the current job and leaves the one before; outside a job it does nothing.
///
/// The name is a metric label: one of few.
///
/// ```
/// use omtx_context::testing::JobRecorder;
/// use omtx_context::{JobSpec, Jobs, stage};
///
/// let recorder = JobRecorder::default();
/// let job = Jobs::new(recorder.clone()).submit(JobSpec::new("kmer").id("job-1"));
/// let _ = job.run_blocking(|| {
///     stage("count");
///     Ok::<_, ()>(())
/// });
/// assert_eq!(recorder.take()[2..], ["job-1 stage count", "job-1 end completed in count"]);
/// ```
pub fn stage(name: &'static str) {
    if let Some(job) = JobHandle::current() {
        job.stage(name);
    }
}
