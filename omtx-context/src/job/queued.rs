use std::fmt;
use std::sync::{Arc, Weak};

use super::active::{Active, PanicSentry, Progress};
use super::course::Course;
use super::info::JobInfo;
use super::jobs::Clock;
use super::observer::JobObserver;
use super::reason::{DEFAULT_REASON, Failure};
use super::run::Run;
use super::running::RunningJob;
use super::status::{JobEnd, JobStatus};
use crate::shield::{Shield, shielded};

/// A job that was submitted and waits. Dropped, it ends as [`Cancelled`](JobStatus::Cancelled).
#[must_use = "a job that is dropped ends as cancelled"]
pub struct QueuedJob<O: JobObserver> {
    waiting: Option<Waiting<O>>,
    info: Arc<JobInfo>,
}

struct Waiting<O: JobObserver> {
    observer: Arc<O>,
    state: O::State,
    clock: Clock,
}

impl<O: JobObserver> QueuedJob<O> {
    pub(super) fn new(observer: Arc<O>, info: Arc<JobInfo>, state: O::State, clock: Clock) -> Self {
        Self {
            waiting: Some(Waiting {
                observer,
                state,
                clock,
            }),
            info,
        }
    }

    /// Which job it is.
    #[must_use]
    pub fn info(&self) -> &Arc<JobInfo> {
        &self.info
    }

    /// Runs a future as the job's work, inside the job's scope.
    ///
    /// The job starts at the first poll and ends with the future: `Ok` is completed, `Err` is failed for the reason
    /// [`DEFAULT_REASON`], a panic is panicked (and goes on unwinding), dropping the future is cancelled, also before
    /// its first poll. The future is dropped before the end is reported, inside the job's scope.
    pub fn run<F, T, E>(self, future: F) -> Run<O, F, fn(&E) -> &'static str>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.run_with(future, default_reason::<E>)
    }

    /// The same, and `classify` says what an error means: a reason, [`FailureReason::reason`](super::FailureReason), or a
    /// [`Failure`].
    ///
    /// ```
    /// use omtx_context::testing::JobRecorder;
    /// use omtx_context::{JobSpec, Jobs};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let recorder = JobRecorder::default();
    /// let job = Jobs::new(recorder.clone()).submit(JobSpec::new("fetch").id("job-1"));
    /// let _ = job.run_with(async { "many".parse::<u8>() }, |_| "not_a_number").await;
    /// assert_eq!(recorder.take().last().unwrap(), "job-1 end failed(not_a_number)");
    /// # }
    /// ```
    pub fn run_with<F, T, E, C, R>(self, future: F, classify: C) -> Run<O, F, C>
    where
        F: Future<Output = Result<T, E>>,
        C: FnOnce(&E) -> R,
        R: Into<Failure>,
    {
        Run::new(self, future, classify)
    }

    /// Runs a closure as the job's work on this thread, inside the job's scope; the ends are those of [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// What `work` returns.
    pub fn run_blocking<T, E>(self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.run_blocking_with(work, default_reason::<E>)
    }

    /// The same, and `classify` says what an error means.
    ///
    /// # Errors
    ///
    /// What `work` returns.
    pub fn run_blocking_with<T, E, R: Into<Failure>>(
        self,
        work: impl FnOnce() -> Result<T, E>,
        classify: impl FnOnce(&E) -> R,
    ) -> Result<T, E> {
        let (active, told) = self.start();
        let sentry = PanicSentry(&active);
        told.resume();
        let out = active.in_scope(work);
        active.end_with(&out, classify);
        sentry.disarm();
        out
    }

    /// Starts the job and hands it out: for work that is neither one future nor one closure.
    pub fn begin(self) -> RunningJob<O> {
        let (active, told) = self.start();
        let job = RunningJob::new(active);
        told.resume();
        job
    }

    /// The job, started, and what panicked as the observers were told; it is to be resumed where the unwind ends the
    /// job.
    pub(super) fn start(mut self) -> (Arc<Active<O>>, Shield) {
        let Waiting {
            observer,
            mut state,
            clock,
        } = self
            .waiting
            .take()
            .expect("only `start` and `drop` take it");
        let info = self.info.clone();
        let started = clock.now();
        let queued = started.saturating_duration_since(info.submitted);
        let _ = info.started.set(started); // a job starts once
        let mut told = Shield::default();
        told.run(|| info.in_scope(|| observer.on_start(&mut state, &info, queued)));
        let active = Arc::new(Active {
            observer,
            info,
            state,
            clock,
            started,
            queued,
            course: Course::default(),
        });
        let progress: Weak<dyn Progress> = Arc::downgrade(&active) as _;
        active.info.scope.set_job(progress);
        (active, told)
    }

    /// Ends a job that never started.
    pub(super) fn end(mut self, status: JobStatus, reason: Option<&'static str>) {
        self.tell_end(status, reason);
    }

    fn tell_end(&mut self, status: JobStatus, reason: Option<&'static str>) {
        let Some(Waiting {
            observer,
            state,
            clock,
        }) = self.waiting.take()
        else {
            return;
        };
        let queued = clock.now().saturating_duration_since(self.info.submitted);
        let end = JobEnd {
            status,
            reason,
            queued,
            run: None,
            stage: None,
        };
        shielded(|| {
            self.info
                .in_scope(|| observer.on_end(&state, &self.info, &end))
        });
    }
}

fn default_reason<E>(_: &E) -> &'static str {
    DEFAULT_REASON
}

impl<O: JobObserver> Drop for QueuedJob<O> {
    fn drop(&mut self) {
        self.tell_end(JobStatus::Cancelled, None);
    }
}

impl<O: JobObserver> fmt::Debug for QueuedJob<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedJob")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}
