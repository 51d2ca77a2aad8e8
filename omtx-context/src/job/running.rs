use std::fmt;
use std::sync::Arc;
use std::thread;

use super::active::{Active, Progress};
use super::handle::JobHandle;
use super::info::JobInfo;
use super::observer::JobObserver;
use super::status::JobStatus;

/// A job that runs, held by hand. It says how it ended; dropped without a word it ends as
/// [`Panicked`](JobStatus::Panicked) when a panic that began after the job did drops it, else as
/// [`Cancelled`](JobStatus::Cancelled).
///
/// ```
/// use omtx_context::testing::JobRecorder;
/// use omtx_context::{JobSpec, Jobs};
///
/// let recorder = JobRecorder::default();
/// let job = Jobs::new(recorder.clone()).submit(JobSpec::new("align").id("job-1")).begin();
/// job.stage("parse");
/// job.stage("align");
/// job.fail("too_long");
/// assert_eq!(
///     recorder.take(),
///     ["job-1 submit", "job-1 start", "job-1 stage parse", "job-1 stage align", "job-1 end failed(too_long) in align"],
/// );
/// ```
#[must_use = "a job that is dropped ends as cancelled"]
pub struct RunningJob<O: JobObserver> {
    active: Arc<Active<O>>,
    unwinding_at_start: bool,
}

impl<O: JobObserver> RunningJob<O> {
    pub(super) fn new(active: Arc<Active<O>>) -> Self {
        Self {
            active,
            unwinding_at_start: thread::panicking(),
        }
    }

    /// Which job it is.
    #[must_use]
    pub fn info(&self) -> &Arc<JobInfo> {
        &self.active.info
    }

    /// The job as its own code sees it.
    #[must_use]
    pub fn handle(&self) -> JobHandle {
        JobHandle::new(Arc::downgrade(&self.active) as _)
    }

    /// Enters a stage and leaves the one before. The name is a metric label: one of few.
    pub fn stage(&self, name: &'static str) {
        self.active.stage(name);
    }

    /// Runs a stretch of the job's work inside its scope.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.active.in_scope(f)
    }

    /// Ends as [`Completed`](JobStatus::Completed).
    pub fn succeed(self) {
        self.active.end(JobStatus::Completed, None);
    }

    /// Ends as [`Failed`](JobStatus::Failed), for a reason that is fit for a metric label: one of few.
    pub fn fail(self, reason: &'static str) {
        self.active.end(JobStatus::Failed, Some(reason));
    }

    /// Ends as [`Cancelled`](JobStatus::Cancelled), as dropping it does.
    pub fn cancel(self) {
        self.active.end(JobStatus::Cancelled, None);
    }
}

impl<O: JobObserver> Drop for RunningJob<O> {
    fn drop(&mut self) {
        if thread::panicking() && !self.unwinding_at_start {
            self.active.panicked();
        } else {
            self.active.end(JobStatus::Cancelled, None);
        }
    }
}

impl<O: JobObserver> fmt::Debug for RunningJob<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningJob")
            .field("info", &self.active.info)
            .finish_non_exhaustive()
    }
}
