//! For tests of applications and observers: jobs as lines of text, and a clock that is wound by hand.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{JobEnd, JobInfo, JobObserver, StageTime};

/// A [`JobObserver`] that writes down what it is told, one line a call. Clones share the lines.
///
/// ```
/// use omtx_context::testing::JobRecorder;
/// use omtx_context::{JobSpec, Jobs};
///
/// let recorder = JobRecorder::default();
/// drop(Jobs::new(recorder.clone()).submit(JobSpec::new("kmer").id("job-1")));
/// assert_eq!(recorder.take(), ["job-1 submit", "job-1 end cancelled"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct JobRecorder {
    lines: Arc<Mutex<Vec<String>>>,
}

impl JobRecorder {
    /// The lines since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines())
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, job: &JobInfo, what: &str) {
        self.lines().push(format!("{} {what}", job.id()));
    }
}

impl JobObserver for JobRecorder {
    type State = ();

    fn on_submit(&self, job: &JobInfo) {
        self.write(job, "submit");
    }

    fn on_start(&self, (): &mut (), job: &JobInfo, _: Duration) {
        self.write(job, "start");
    }

    fn on_stage(&self, (): &(), job: &JobInfo, _: Option<StageTime>, to: &'static str) {
        self.write(job, &format!("stage {to}"));
    }

    fn on_end(&self, (): &(), job: &JobInfo, end: &JobEnd) {
        let reason = end
            .reason
            .map(|reason| format!("({reason})"))
            .unwrap_or_default();
        let stage = end
            .stage
            .map(|stage| format!(" in {}", stage.name))
            .unwrap_or_default();
        self.write(job, &format!("end {}{reason}{stage}", end.status));
    }
}

static TOLERATES: AtomicBool = AtomicBool::new(false);

/// Lets a guard that outlives its poll be counted only, for the rest of the process, as in a release build: for tests of
/// what happens then.
///
/// ```
/// use omtx_context::{Losses, Scope};
///
/// omtx_context::testing::tolerate_outlived_guards();
/// let scope = Scope::root().with("request_id", "r-1").build();
/// scope.in_scope(|| std::mem::forget(scope.enter()));
/// assert!(Scope::current().is_none());
/// assert_eq!(Losses::total().guards_outlived, 1);
/// ```
pub fn tolerate_outlived_guards() {
    TOLERATES.store(true, Relaxed);
}

#[cfg(debug_assertions)]
pub(crate) fn tolerates_outlived_guards() -> bool {
    TOLERATES.load(Relaxed)
}

/// A clock for [`Jobs::with_clock`](crate::Jobs::with_clock) that stands still until it is told to go on. Clones share
/// the time.
///
/// ```
/// use omtx_context::testing::ManualClock;
/// use omtx_context::{JobSpec, Jobs};
/// use std::time::Duration;
///
/// let clock = ManualClock::default();
/// let job = Jobs::new(()).with_clock(clock.reader()).submit(JobSpec::new("kmer"));
/// clock.advance(Duration::from_secs(2));
/// let job = job.begin();
/// assert_eq!(job.info().started().unwrap() - job.info().submitted(), Duration::from_secs(2));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<Instant>>,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self {
            now: Arc::new(Mutex::new(Instant::now())),
        }
    }
}

impl ManualClock {
    /// Lets `by` pass.
    pub fn advance(&self, by: Duration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Instant {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What [`Jobs::with_clock`](crate::Jobs::with_clock) takes.
    pub fn reader(&self) -> impl Fn() -> Instant + Send + Sync + use<> {
        let clock = self.clone();
        move || clock.now()
    }
}
