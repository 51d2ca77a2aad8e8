use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::observer::JobObserver;
use super::queued::QueuedJob;
use super::spec::JobSpec;

/// Where jobs are submitted, and who observes them. Cloning shares the observer.
///
/// ```
/// use omtx_context::testing::JobRecorder;
/// use omtx_context::{JobSpec, Jobs};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let recorder = JobRecorder::default();
/// let jobs = Jobs::new(recorder.clone());
/// let job = jobs.submit(JobSpec::new("kmer").id("job-1").queue("default"));
/// let out = job.run(async { Err::<(), _>("no header line") }).await;
/// assert_eq!(out, Err("no header line"));
/// assert_eq!(recorder.take(), ["job-1 submit", "job-1 start", "job-1 end failed(error)"]);
/// # }
/// ```
pub struct Jobs<O> {
    observer: Arc<O>,
    clock: Clock,
}

impl<O: JobObserver> Jobs<O> {
    /// Jobs observed by `observer`: one [`JobObserver`], or a tuple of them.
    #[must_use]
    pub fn new(observer: O) -> Self {
        Self {
            observer: Arc::new(observer),
            clock: Clock(None),
        }
    }

    /// Takes the time from `clock` instead of [`Instant::now`]: for tests with exact durations.
    ///
    /// It is read at submission, at the start, at each stage and at the end, once for all observers.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.clock = Clock(Some(Arc::new(clock)));
        self
    }

    /// Who observes.
    #[must_use]
    pub fn observer(&self) -> &O {
        &self.observer
    }

    /// Makes a job known. It waits until it is run or begun; dropped before that, it ends as cancelled.
    ///
    /// Its scope is made here, inside the current one: a job submitted by a request keeps the request's id.
    #[must_use = "a job that is dropped ends as cancelled"]
    pub fn submit(&self, spec: JobSpec) -> QueuedJob<O> {
        let info = spec.into_info(self.clock.now());
        let state = info.in_scope(|| self.observer.on_submit(&info));
        QueuedJob::new(
            self.observer.clone(),
            Arc::new(info),
            state,
            self.clock.clone(),
        )
    }
}

impl<O> Clone for Jobs<O> {
    fn clone(&self) -> Self {
        Self {
            observer: self.observer.clone(),
            clock: self.clock.clone(),
        }
    }
}

impl<O> fmt::Debug for Jobs<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(super) struct Clock(Option<Arc<dyn Fn() -> Instant + Send + Sync>>);

impl Clock {
    pub(super) fn now(&self) -> Instant {
        self.0.as_ref().map_or_else(Instant::now, |clock| clock())
    }
}
