use std::borrow::Cow;

use omtx_context::{
    JobObserver, JobSpec, Jobs, QueuedJob, Run, RunningJob, Scope, ScopeGuard, Value, keys,
};

use crate::JobLog;

/// The job that the current work belongs to: every line inside has its `job_id` and `job_type`, and the `user_id` it is for.
///
/// As a context it is a [`Scope`] and nothing more. As a job it is watched from its beginning to its one end, which a
/// closing line tells of:
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{JobContext, Logging};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), omtx_logging::Error> {
/// # let lines = Lines::default();
/// # let logging = Logging::builder("hub").sink(lines.clone()).build()?;
/// # let _default = tracing::subscriber::set_default(logging.subscriber());
/// let job = JobContext::builder("job-abc", "boltz2").user("user-123").build();
/// job.run(async {
///     tracing::info!("Starting job execution");
///     Ok::<_, std::io::Error>(())
/// })
/// .await
/// .unwrap();
///
/// let lines = lines.take();
/// let ids = r#""job_id":"job-abc","user_id":"user-123","job_type":"boltz2""#;
/// assert!(lines[0].contains("Starting job execution") && lines[0].contains(ids));
/// assert!(lines[1].contains(r#""message":"job completed""#) && lines[1].contains(ids));
/// assert!(lines[1].contains(r#""outcome":"completed","performance":{"operation":"job_execution","duration_ms":"#));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JobContext {
    spec: JobSpec,
    scope: Scope,
}

impl JobContext {
    /// A job of this id and type, for nobody in particular.
    #[must_use]
    pub fn new(job_id: impl Into<String>, job_type: impl Into<Cow<'static, str>>) -> Self {
        Self::builder(job_id, job_type).build()
    }

    /// The same, with more to say.
    pub fn builder(
        job_id: impl Into<String>,
        job_type: impl Into<Cow<'static, str>>,
    ) -> JobContextBuilder {
        let (job_id, job_type) = (job_id.into(), job_type.into());
        JobContextBuilder {
            spec: JobSpec::new(job_type.clone()).id(job_id.clone()),
            job_id,
            job_type,
            user: None,
            fields: Vec::new(),
        }
    }

    /// The scope, for [`WithScope::in_scope`](crate::WithScope::in_scope): a context without a closing line.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Makes this the current job until the guard is dropped; see [`Scope::enter`]. No closing line.
    #[track_caller]
    pub fn enter(&self) -> ScopeGuard {
        self.scope.enter()
    }

    /// Runs `f` inside the context. No closing line.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.scope.in_scope(f)
    }

    /// `f` made to run inside the context wherever it is called. No closing line.
    pub fn wrap<F, R>(&self, f: F) -> impl FnOnce() -> R + use<F, R>
    where
        F: FnOnce() -> R,
    {
        self.scope.wrap(f)
    }

    /// Runs a future as the job's work, and writes the closing line: completed for `Ok`, failed for `Err`, panicked,
    /// cancelled when the future is dropped before its end. See [`QueuedJob::run`].
    pub fn run<F, T, E>(self, future: F) -> Run<JobLog, F, fn(&E) -> &'static str>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.submit(&Jobs::new(JobLog::default())).run(future)
    }

    /// The same for a closure.
    ///
    /// # Errors
    ///
    /// What `work` returns.
    pub fn run_blocking<T, E>(self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.submit(&Jobs::new(JobLog::default()))
            .run_blocking(work)
    }

    /// Starts a job that is neither one future nor one closure: it says by
    /// [`succeed`](RunningJob::succeed), [`fail`](RunningJob::fail) or [`cancel`](RunningJob::cancel) how it ended, and the
    /// closing line is written then.
    pub fn begin(self) -> RunningJob<JobLog> {
        self.submit(&Jobs::new(JobLog::default())).begin()
    }

    /// Submits it where others watch too: metrics, a span.
    ///
    /// ```
    /// use omtx_context::testing::JobRecorder;
    /// use omtx_context::Jobs;
    /// use omtx_logging::{JobContext, JobLog};
    ///
    /// let recorder = JobRecorder::default(); // or omtx_metrics::jobs::JobMetricsObserver
    /// let jobs = Jobs::new((JobLog::default(), recorder.clone()));
    /// let _ = JobContext::new("job-abc", "kmer").submit(&jobs).run_blocking(|| Ok::<_, ()>(()));
    /// assert_eq!(recorder.take().last().unwrap(), "job-abc end completed");
    /// ```
    #[must_use = "a job that is dropped ends as cancelled"]
    pub fn submit<O: JobObserver>(self, jobs: &Jobs<O>) -> QueuedJob<O> {
        jobs.submit(self.spec)
    }
}

impl From<JobContext> for Scope {
    fn from(job: JobContext) -> Self {
        job.scope
    }
}

/// What is known of a job when it is submitted.
#[derive(Clone, Debug)]
#[must_use = "call `build`, then enter or run the job"]
pub struct JobContextBuilder {
    spec: JobSpec,
    job_id: String,
    job_type: Cow<'static, str>,
    user: Option<String>,
    fields: Vec<(Cow<'static, str>, Value)>,
}

impl JobContextBuilder {
    /// Whose job it is; by default the `user_id` of the current scope, if any.
    pub fn user(mut self, user_id: impl Into<String>) -> Self {
        let user_id = user_id.into();
        self.spec = self.spec.user(user_id.clone());
        self.user = Some(user_id);
        self
    }

    /// The queue that it waits in, a metric label.
    pub fn queue(mut self, queue: impl Into<Cow<'static, str>>) -> Self {
        self.spec = self.spec.queue(queue);
        self
    }

    /// One more field for every line of the job.
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        let (key, value) = (key.into(), value.into());
        self.spec = self.spec.with(key.clone(), value.clone());
        self.fields.push((key, value));
        self
    }

    /// The job's context, inside the current scope.
    #[must_use]
    pub fn build(self) -> JobContext {
        let mut scope = Scope::builder()
            .with(keys::JOB_ID, self.job_id)
            .with_some(keys::USER_ID, self.user)
            .with(keys::JOB_TYPE, self.job_type);
        for (key, value) in self.fields {
            scope = scope.with(key, value);
        }
        JobContext {
            spec: self.spec,
            scope: scope.build(),
        }
    }
}
