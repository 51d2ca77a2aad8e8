//! A span for each job that `omtx-context` runs.

use std::borrow::Cow;
use std::time::{Duration, Instant, SystemTime};

use omtx_context::{JobEnd, JobInfo, JobObserver, JobStatus, StageTime};
use opentelemetry::trace::{SpanKind, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use crate::active::{ActiveSpan, CANCELLED, PANICKED};
use crate::messaging::Consume;
use crate::span::Clock;
use crate::{Telemetry, Tracer, TracerProvider, context};

/// A [`JobObserver`] that gives each job a span, from its start to its one end. From [`Telemetry::job_spans`]; cheap to clone.
///
/// ```text
/// process kmer                 CONSUMER, parent: the span that the job was submitted in
///   messaging.operation.name     process
///   messaging.operation.type     process
///   messaging.destination.name   default        the queue, if it has one
///   messaging.message.id         job-1
///   omtx.job.type                kmer
///   omtx.job.queued_seconds      0.25           from submission to start
///   omtx.job.outcome             failed         completed, failed, cancelled, panicked
///   omtx.job.stage               count          the stage that it ended in, if it had any
///   error.type                   too_long       the reason of a failure; cancelled; panicked    status: Error
///   event: omtx.job.stage        omtx.job.stage=count, for each stage that is entered
/// ```
///
/// The job runs inside its span: log lines, exemplars, spans and calls of the job have its ids. A job that never started has a
/// span from its submission to its end. Where the trace is not sampled there is no span, and the ids are there all the same.
///
/// A job that comes from another process is submitted inside the context that came with it:
///
/// ```
/// use omtx_context::{JobSpec, Jobs};
/// use omtx_tracing::{JobSpans, context};
/// # use omtx_tracing::{Propagators, testing::SpanRecorder};
/// # use std::collections::HashMap;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let recorder = SpanRecorder::new();
/// # let propagators = Propagators::default();
/// # let headers = HashMap::from([("traceparent".to_owned(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned())]);
/// let jobs = Jobs::new(JobSpans::new(&recorder.provider())); // `telemetry.job_spans()`, and the other observers
///
/// let sender = propagators.extract_carrier(&headers).into_context(&Default::default()); // `telemetry.extract_from(&headers)`
/// let job = context::in_scope(&sender, || jobs.submit(JobSpec::new("kmer").queue("default")));
/// job.run(async { Ok::<_, ()>(()) }).await.unwrap();
///
/// let span = recorder.span("process kmer");
/// assert_eq!(span.parent_span_id().unwrap().to_string(), "b7ad6b7169203331");
/// assert_eq!(span.attribute("omtx.job.outcome"), Some(&"completed".into()));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JobSpans {
    tracer: Tracer,
    system: Option<Cow<'static, str>>,
    consume: Consume,
}

impl JobSpans {
    /// Spans of this provider.
    #[must_use]
    pub fn new(provider: &TracerProvider) -> Self {
        Self {
            tracer: crate::active::tracer(provider, "omtx_tracing::jobs"),
            system: None,
            consume: Consume::default(),
        }
    }

    /// Adds what the jobs' queue is made of: `messaging.system`, such as `redis`. None by default.
    ///
    /// ```
    /// use omtx_context::{JobSpec, Jobs};
    /// use omtx_tracing::{JobSpans, testing::SpanRecorder};
    ///
    /// let recorder = SpanRecorder::new();
    /// let jobs = Jobs::new(JobSpans::new(&recorder.provider()).system("redis"));
    /// jobs.submit(JobSpec::new("kmer")).run_blocking(|| Ok::<_, ()>(())).unwrap();
    /// assert_eq!(recorder.span("process kmer").attribute("messaging.system"), Some(&"redis".into()));
    /// ```
    #[must_use]
    pub fn system(mut self, system: impl Into<Cow<'static, str>>) -> Self {
        self.system = Some(system.into());
        self
    }

    /// How a job belongs to the trace that it was submitted in; [`Consume::Continue`] by default. [`Consume::Link`] keeps the trace
    /// of a request short whose job begins hours later.
    #[must_use]
    pub fn consume(mut self, consume: Consume) -> Self {
        self.consume = consume;
        self
    }

    fn begin(
        &self,
        submitted_in: &Context,
        job: &JobInfo,
        clock: Clock,
        queued: Duration,
    ) -> ActiveSpan {
        let (parent, link) = self.consume.parent(submitted_in);
        let name = format!("process {}", job.job_type());
        let span = ActiveSpan::begin_at(
            &self.tracer,
            &parent,
            name.into(),
            SpanKind::Consumer,
            clock,
            |span| {
                if let Some(system) = &self.system {
                    span.attribute("messaging.system", &**system);
                }
                span.attribute("messaging.operation.name", "process");
                span.attribute("messaging.operation.type", "process");
                if let Some(queue) = job.queue() {
                    span.attribute("messaging.destination.name", queue);
                }
                span.attribute("messaging.message.id", job.id());
                span.attribute("omtx.job.type", job.job_type());
                span.attribute("omtx.job.queued_seconds", queued.as_secs_f64());
            },
        );
        if let Some(link) = link {
            span.link(link);
        }
        span
    }
}

impl Telemetry {
    /// An observer that gives each job a span.
    ///
    /// ```
    /// use omtx_context::{JobSpec, Jobs};
    /// use omtx_tracing::Telemetry;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("hub").build()?;
    /// let jobs = Jobs::new(telemetry.job_spans());
    /// # assert_eq!(jobs.submit(JobSpec::new("kmer")).run_blocking(|| Ok::<_, ()>(1)), Ok(1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn job_spans(&self) -> JobSpans {
        JobSpans::new(self.tracer_provider())
    }
}

/// What [`JobSpans`] keeps of one job.
#[derive(Debug)]
pub struct JobSpan {
    submitted_in: Context,
    span: Option<ActiveSpan>,
}

impl JobObserver for JobSpans {
    type State = JobSpan;

    fn on_submit(&self, _: &JobInfo) -> JobSpan {
        let context = context::current();
        // The ids of the submitter's span and not the span itself, which may be over long before the job is.
        let span = context.span().span_context().clone();
        JobSpan {
            submitted_in: context.with_remote_span_context(span),
            span: None,
        }
    }

    fn on_start(&self, state: &mut JobSpan, job: &JobInfo, queued: Duration) {
        state.span = Some(self.begin(&state.submitted_in, job, Clock::now(), queued));
    }

    fn on_stage(&self, state: &JobSpan, _: &JobInfo, _: Option<StageTime>, to: &'static str) {
        if let Some(span) = &state.span {
            span.event("omtx.job.stage", || {
                vec![KeyValue::new("omtx.job.stage", to)]
            });
        }
    }

    fn on_end(&self, state: &JobSpan, job: &JobInfo, end: &JobEnd) {
        let never_started;
        let span = match &state.span {
            Some(span) => span,
            None => {
                never_started = self.begin(&state.submitted_in, job, ago(end.queued), end.queued);
                &never_started
            }
        };
        span.set("omtx.job.outcome", end.status.as_str());
        if let Some(stage) = end.stage {
            span.set("omtx.job.stage", stage.name);
        }
        match end.status {
            JobStatus::Completed => {}
            JobStatus::Cancelled => span.fail(CANCELLED, ""),
            JobStatus::Failed => span.fail(end.reason.unwrap_or("_OTHER"), ""),
            JobStatus::Panicked => span.fail(PANICKED, ""),
        }
        span.end_now();
    }

    fn in_scope<R>(&self, state: &JobSpan, _: &JobInfo, f: impl FnOnce() -> R) -> R {
        match &state.span {
            Some(span) => span.in_scope(f),
            None => f(),
        }
    }
}

/// The clocks as they were; as they are, where a machine has not been up for so long.
fn ago(elapsed: Duration) -> Clock {
    let (wall, monotonic) = (SystemTime::now(), Instant::now());
    match (wall.checked_sub(elapsed), monotonic.checked_sub(elapsed)) {
        (Some(wall), Some(monotonic)) => Clock::at(wall, monotonic),
        _ => Clock::at(wall, monotonic),
    }
}
