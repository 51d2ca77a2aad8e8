use std::borrow::Cow;
use std::time::Duration;

use omtx_context::{JobEnd, JobInfo, JobObserver, JobStatus};

/// What `performance.operation` says of a job by default.
pub const DEFAULT_JOB_OPERATION: &str = "job_execution";

/// A [`JobObserver`] that writes one closing line a job, whatever becomes of it.
///
/// The line says `outcome` (`completed`, `failed`, `cancelled` or `panicked`, the `status` of `jobs_completed_total`), the
/// `reason` of a failure, the `stage` it ended in, and under `performance` the `operation`, `duration_ms` from start to end
/// (absent if it never started) and `queued_ms`. Completed and cancelled jobs are INFO, failed and panicked ones ERROR. The
/// ids come from the job's scope. Submission and start are DEBUG lines.
///
/// ```
/// use omtx_context::testing::ManualClock;
/// use omtx_context::{JobSpec, Jobs};
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{JobLog, Logging};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// # let lines = Lines::default();
/// # let logging = Logging::builder("hub").sink(lines.clone()).build()?;
/// # let _default = tracing::subscriber::set_default(logging.subscriber());
/// let clock = ManualClock::default();
/// let jobs = Jobs::new(JobLog::default()).with_clock(clock.reader());
/// let job = jobs.submit(JobSpec::new("align").id("job-1")).begin();
/// job.stage("pairwise");
/// clock.advance(Duration::from_micros(1_250_500));
/// job.fail("too_long");
/// assert!(lines.take()[0].ends_with(concat!(
///     r#""job_id":"job-1","job_type":"align","outcome":"failed","reason":"too_long","stage":"pairwise","#,
///     r#""performance":{"operation":"job_execution","duration_ms":1250.5,"queued_ms":0.0}}"#,
/// )));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JobLog {
    operation: Cow<'static, str>,
}

impl Default for JobLog {
    fn default() -> Self {
        Self {
            operation: Cow::Borrowed(DEFAULT_JOB_OPERATION),
        }
    }
}

impl JobLog {
    /// What `performance.operation` says; [`DEFAULT_JOB_OPERATION`] by default.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.operation = operation.into();
        self
    }
}

/// The same fields, whatever the level: a callsite has one.
macro_rules! closing_line {
    ($level:ident, $log:expr, $end:expr, $message:literal) => {
        tracing::$level!(
            target: "omtx_logging::jobs",
            outcome = $end.status.as_str(),
            reason = $end.reason,
            stage = $end.stage.map(|stage| stage.name),
            performance.operation = &*$log.operation,
            performance.duration_ms = $end.run.map(millis),
            performance.queued_ms = millis($end.queued),
            $message
        )
    };
}

impl JobObserver for JobLog {
    type State = ();

    fn on_submit(&self, _: &JobInfo) {
        tracing::debug!(target: "omtx_logging::jobs", "job submitted");
    }

    fn on_start(&self, (): &mut (), _: &JobInfo, queued: Duration) {
        let queued_ms = millis(queued);
        tracing::debug!(target: "omtx_logging::jobs", { performance.queued_ms = queued_ms }, "job started");
    }

    fn on_end(&self, (): &(), _: &JobInfo, end: &JobEnd) {
        match end.status {
            JobStatus::Completed => closing_line!(info, self, end, "job completed"),
            JobStatus::Cancelled => closing_line!(info, self, end, "job cancelled"),
            JobStatus::Failed => closing_line!(error, self, end, "job failed"),
            JobStatus::Panicked => closing_line!(error, self, end, "job panicked"),
        }
    }
}

/// Milliseconds as a line has them, to the microsecond.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}
