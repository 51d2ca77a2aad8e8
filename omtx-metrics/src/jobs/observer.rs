//! Job metrics as an observer of the job life cycle.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use omtx_context::{JobEnd, JobInfo, JobObserver, JobStatus, StageTime};

use super::ages::{Age, Ages};
use super::metrics::{
    FailureLabels, JobLabels, JobMetrics, JobStatusLabels, QueueLabels, QueueMetrics, StageLabels,
};
use crate::family::SeriesRef;
use crate::{Error, Gauge, Handle, IntGauge, Registry};

/// How long a job runs before it counts as stuck: 2 h.
pub const DEFAULT_STUCK_AFTER: Duration = Duration::from_secs(2 * 60 * 60);

/// The reason of a job that panicked.
const PANIC: &str = "panic";

/// Counts jobs and measures how long they wait and run; see the [module](super).
///
/// Gauges of age (`jobs_stuck`, `job_oldest_running_seconds`, `queue_oldest_seconds`) are computed when they are scraped.
#[derive(Clone)]
pub struct JobMetricsObserver {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: Arc<JobMetrics>,
    queues: Arc<QueueMetrics>,
    running: Ages,
    waiting: Ages,
    stuck_after: Duration,
}

impl JobMetricsObserver {
    /// An observer that takes a job for stuck after [`DEFAULT_STUCK_AFTER`].
    ///
    /// # Errors
    ///
    /// If the registry has a family of one of the names that is not ours.
    pub fn new(registry: &Registry) -> Result<Self, Error> {
        Self::builder().build(registry)
    }

    /// An observer with another limit.
    pub fn builder() -> JobMetricsBuilder {
        JobMetricsBuilder {
            stuck_after: DEFAULT_STUCK_AFTER,
        }
    }

    /// The families of jobs that the observer records into.
    #[must_use]
    pub fn metrics(&self) -> &Arc<JobMetrics> {
        &self.inner.jobs
    }

    /// The families of queues that the observer records into.
    #[must_use]
    pub fn queue_metrics(&self) -> &Arc<QueueMetrics> {
        &self.inner.queues
    }
}

/// Sets up a [`JobMetricsObserver`].
///
/// ```
/// use std::time::Duration;
/// use omtx_metrics::{Registry, jobs::JobMetricsObserver};
///
/// let observer = JobMetricsObserver::builder()
///     .stuck_after(Duration::from_secs(600))
///     .build(&Registry::new())?;
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct JobMetricsBuilder {
    stuck_after: Duration,
}

impl JobMetricsBuilder {
    /// How long a job runs before `jobs_stuck` counts it. Default: [`DEFAULT_STUCK_AFTER`].
    pub fn stuck_after(mut self, limit: Duration) -> Self {
        self.stuck_after = limit;
        self
    }

    /// Registers the families. A second observer of the same registry records into the same ones.
    ///
    /// # Errors
    ///
    /// If the limit is zero or not that of the registry's first observer, or the registry has a family of one of the names that is not ours.
    pub fn build(self, registry: &Registry) -> Result<JobMetricsObserver, Error> {
        if self.stuck_after.is_zero() {
            return Err(Error::invalid("stuck_after", "0s", "a duration above zero"));
        }
        let mut new = false;
        let inner = registry.shared(|| {
            new = true;
            let jobs = registry.register::<JobMetrics>()?;
            let queues = registry.register::<QueueMetrics>()?;
            Ok(Arc::new(Inner {
                jobs,
                queues,
                running: Ages::default(),
                waiting: Ages::default(),
                stuck_after: self.stuck_after,
            }))
        })?;
        if new {
            // Weak: what the registry calls must not be what keeps it alive.
            let weak = Arc::downgrade(&inner);
            registry.before_scrape(move || {
                if let Some(inner) = weak.upgrade() {
                    inner.refresh(Instant::now());
                }
            });
        } else if inner.stuck_after != self.stuck_after {
            // Two limits for one gauge: whichever was set last would win.
            return Err(Error::invalid(
                "stuck_after",
                format_args!("{:?}", self.stuck_after),
                &format!(
                    "{:?}, as the registry's first observer of jobs has it",
                    inner.stuck_after
                ),
            ));
        }
        Ok(JobMetricsObserver { inner })
    }
}

impl Inner {
    #[allow(clippy::cast_possible_wrap)] // more than i64::MAX jobs
    fn refresh(&self, now: Instant) {
        // Job types beyond the cap share a series: its gauges are the oldest and the sum of all of them.
        let mut stuck = Merged::default();
        let mut oldest = Merged::default();
        self.running.each(now, self.stuck_after, |job_type, age| {
            let labels = JobLabels { job_type };
            let count = age.over_limit as i64;
            stuck.add(self.jobs.jobs_stuck.with(labels), count, |a, b| a + b);
            let gauge = self.jobs.job_oldest_running_seconds.with(labels);
            oldest.add(gauge, age.oldest.as_secs_f64(), f64::max);
        });
        stuck.each(IntGauge::set);
        oldest.each(Gauge::set);

        let mut oldest = Merged::default();
        self.waiting.each(now, Duration::MAX, |queue, age| {
            let gauge = self.queues.queue_oldest_seconds.with(QueueLabels { queue });
            oldest.add(gauge, age.oldest.as_secs_f64(), f64::max);
        });
        oldest.each(Gauge::set);
    }

    fn leave_stage(&self, job: &JobInfo, left: StageTime) {
        let labels = StageLabels {
            job_type: job.job_type(),
            stage: left.name,
        };
        self.jobs.jobs_in_stage.with(labels).dec();
        self.jobs
            .job_stage_duration_seconds
            .with(labels)
            .observe_duration(left.elapsed);
    }
}

/// One value per gauge, however many groups lead to it.
struct Merged<'a, G, V>(HashMap<*const G, (SeriesRef<'a, G>, V)>);

impl<G, V> Default for Merged<'_, G, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<'a, G, V: Copy> Merged<'a, G, V> {
    fn add(&mut self, gauge: SeriesRef<'a, G>, value: V, merge: impl FnOnce(V, V) -> V) {
        self.0
            .entry(std::ptr::from_ref(&*gauge))
            .and_modify(|(_, other)| *other = merge(*other, value))
            .or_insert((gauge, value));
    }

    fn each(self, set: impl Fn(&G, V)) {
        self.0
            .into_values()
            .for_each(|(gauge, value)| set(&gauge, value));
    }
}

/// What the observer keeps for one job.
#[derive(Debug)]
pub struct JobState {
    active: Handle<IntGauge>,
    waiting: Option<Age>,
    running: Option<Age>,
}

impl JobObserver for JobMetricsObserver {
    type State = JobState;

    fn on_submit(&self, job: &JobInfo) -> JobState {
        let Inner {
            jobs,
            queues,
            waiting,
            ..
        } = &*self.inner;
        let job_type = job.job_type();
        let labels = JobLabels { job_type };
        jobs.jobs_submitted_total.with(labels).inc();
        for status in JobStatus::ALL {
            jobs.jobs_completed_total
                .with(JobStatusLabels { job_type, status });
        }
        jobs.jobs_stuck.with(labels);
        JobState {
            active: jobs.jobs_active.handle(labels),
            waiting: job.queue().map(|queue| {
                queues.queue_depth.with(QueueLabels { queue }).inc();
                waiting.begin(queue, job.submitted())
            }),
            running: None,
        }
    }

    fn on_start(&self, state: &mut JobState, job: &JobInfo, queued: Duration) {
        let Inner {
            queues,
            waiting,
            running,
            ..
        } = &*self.inner;
        if let (Some(age), Some(queue)) = (state.waiting.take(), job.queue()) {
            waiting.end(&age);
            queues.queue_depth.with(QueueLabels { queue }).dec();
            queues
                .queue_wait_seconds
                .with(QueueLabels { queue })
                .observe_duration(queued);
        }
        state.active.inc();
        let started = job.started().unwrap_or_else(Instant::now);
        state.running = Some(running.begin(job.job_type(), started));
    }

    fn on_stage(&self, _: &JobState, job: &JobInfo, left: Option<StageTime>, to: &'static str) {
        if let Some(left) = left {
            self.inner.leave_stage(job, left);
        }
        let labels = StageLabels {
            job_type: job.job_type(),
            stage: to,
        };
        self.inner.jobs.jobs_in_stage.with(labels).inc();
    }

    fn on_end(&self, state: &JobState, job: &JobInfo, end: &JobEnd) {
        let Inner {
            jobs,
            queues,
            waiting,
            running,
            ..
        } = &*self.inner;
        let (job_type, status) = (job.job_type(), end.status);
        if let (Some(age), Some(queue)) = (&state.waiting, job.queue()) {
            // It never started.
            waiting.end(age);
            queues.queue_depth.with(QueueLabels { queue }).dec();
        }
        if let Some(age) = &state.running {
            running.end(age);
            state.active.dec();
        }
        if let Some(left) = end.stage {
            self.inner.leave_stage(job, left);
        }
        let labels = JobStatusLabels { job_type, status };
        jobs.jobs_completed_total.with(labels).inc();
        if let Some(run) = end.run {
            jobs.job_duration_seconds.with(labels).observe_duration(run);
        }
        let reason = match status {
            JobStatus::Failed => Some(end.reason.unwrap_or("error")),
            JobStatus::Panicked => Some(end.reason.unwrap_or(PANIC)),
            JobStatus::Completed | JobStatus::Cancelled => None,
        };
        if let Some(reason) = reason {
            jobs.jobs_failed_total
                .with(FailureLabels { job_type, reason })
                .inc();
        }
    }
}

impl fmt::Debug for JobMetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobMetricsObserver")
            .field("stuck_after", &self.inner.stuck_after)
            .finish_non_exhaustive()
    }
}
