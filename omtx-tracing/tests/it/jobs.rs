//! Spans of jobs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use omtx_context::testing::ManualClock;
use omtx_context::{Failure, JobSpec, Jobs, TraceContext, stage};
use omtx_tracing::context;
use omtx_tracing::messaging::Consume;
use omtx_tracing::testing::{RecordedSpan, SpanRecorder};
use omtx_tracing::{JobSpans, Propagators, Sampler, SpanLimits, Telemetry};
use opentelemetry::Context;
use opentelemetry::trace::{SpanKind, Status, Tracer, TracerProvider};

use super::propagation::headers;

fn recording() -> (SpanRecorder, JobSpans) {
    let recorder = SpanRecorder::with(
        Sampler::parent_based(Sampler::always_on()),
        SpanLimits::default(),
    );
    let spans = JobSpans::new(&recorder.provider());
    (recorder, spans)
}

fn request(traceparent: &'static str) -> Context {
    let incoming = headers(&[("traceparent", traceparent.as_bytes())]);
    Propagators::default()
        .extract_headers(&incoming)
        .into_context(&Context::new())
}

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn spec() -> JobSpec {
    JobSpec::new("kmer").id("job-1").queue("default")
}

#[track_caller]
fn check(span: &RecordedSpan, attributes: &[(&str, &str)]) {
    let mut found: Vec<_> = span
        .attributes()
        .iter()
        .map(|attribute| (attribute.key.as_str(), attribute.value.to_string()))
        .collect();
    found.sort();
    let expected: Vec<_> = attributes
        .iter()
        .map(|(key, value)| (*key, (*value).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_job_has_a_span_below_the_one_it_was_submitted_in() {
    let (recorder, spans) = recording();
    let clock = ManualClock::default();
    let jobs = Jobs::new(spans.system("redis")).with_clock(clock.reader());
    let job = context::in_scope(&request(PARENT), || jobs.submit(spec()));
    clock.advance(Duration::from_millis(250));
    let inside = job.run_blocking(|| {
        stage("count");
        stage("write");
        let otel = context::current();
        Ok::<_, ()>((
            opentelemetry::trace::TraceContextExt::span(&otel)
                .span_context()
                .span_id(),
            TraceContext::current().unwrap(),
        ))
    });

    let span = recorder.span("process kmer");
    assert_eq!(span.kind(), &SpanKind::Consumer);
    assert_eq!(span.scope().name(), "omtx_tracing::jobs");
    assert_eq!(
        span.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert_eq!(
        span.parent_span_id().unwrap().to_string(),
        "b7ad6b7169203331"
    );
    assert_eq!(span.status(), &Status::Unset);
    check(
        &span,
        &[
            ("messaging.destination.name", "default"),
            ("messaging.message.id", "job-1"),
            ("messaging.operation.name", "process"),
            ("messaging.operation.type", "process"),
            ("messaging.system", "redis"),
            ("omtx.job.outcome", "completed"),
            ("omtx.job.queued_seconds", "0.25"),
            ("omtx.job.stage", "write"),
            ("omtx.job.type", "kmer"),
        ],
    );
    let stages: Vec<_> = span
        .events()
        .iter()
        .map(|event| {
            (
                event.name.to_string(),
                event.attributes[0].value.to_string(),
            )
        })
        .collect();
    let entered = |stage: &str| ("omtx.job.stage".to_owned(), stage.to_owned());
    assert_eq!(stages, [entered("count"), entered("write")]);
    let (otel, trace) = inside.unwrap();
    assert_eq!(otel, span.span_id());
    assert_eq!(trace.span_id().to_string(), span.span_id().to_string());
}

#[test]
fn each_end_is_told() {
    let (recorder, spans) = recording();
    let jobs = Jobs::new(spans);
    let check = |outcome: &'static str, error: Option<&'static str>| {
        let span = recorder.span("process kmer");
        assert_eq!(span.attribute("omtx.job.outcome"), Some(&outcome.into()));
        assert_eq!(span.attribute("error.type"), error.map(Into::into).as_ref());
        assert_eq!(
            matches!(span.status(), Status::Error { .. }),
            error.is_some()
        );
        recorder.clear();
    };
    jobs.submit(spec())
        .run_blocking(|| Ok::<_, ()>(()))
        .unwrap();
    check("completed", None);
    jobs.submit(spec())
        .run_blocking(|| Err::<(), _>(()))
        .unwrap_err();
    check("failed", Some("error"));
    jobs.submit(spec()).begin().fail("too_long");
    check("failed", Some("too_long"));
    let _ = jobs
        .submit(spec())
        .run_blocking_with(|| Err::<(), _>(()), |()| Failure::Cancelled);
    check("cancelled", Some("cancelled"));
    drop(
        jobs.submit(spec())
            .run(std::future::pending::<Result<(), ()>>()),
    );
    check("cancelled", Some("cancelled"));
    let panics = catch_unwind(AssertUnwindSafe(|| {
        jobs.submit(spec())
            .run_blocking(|| -> Result<(), ()> { panic!("as told") })
    }));
    assert!(panics.is_err());
    check("panicked", Some("panicked"));
}

#[test]
fn a_job_that_never_started_has_a_span_of_its_wait() {
    let (recorder, spans) = recording();
    let clock = ManualClock::default();
    let jobs = Jobs::new(spans).with_clock(clock.reader());
    let job = context::in_scope(&request(PARENT), || jobs.submit(spec()));
    clock.advance(Duration::from_millis(250));
    drop(job);
    let span = recorder.span("process kmer");
    assert_eq!(
        span.parent_span_id().unwrap().to_string(),
        "b7ad6b7169203331"
    );
    assert_eq!(
        span.attribute("omtx.job.outcome"),
        Some(&"cancelled".into())
    );
    let waited = span.end_time().duration_since(span.start_time()).unwrap();
    assert!(waited >= Duration::from_millis(250), "{waited:?}");
}

#[test]
fn a_job_may_link_to_its_submitter_instead() {
    let (recorder, spans) = recording();
    let jobs = Jobs::new(spans.consume(Consume::Link));
    let job = context::in_scope(&request(PARENT), || jobs.submit(spec()));
    job.run_blocking(|| Ok::<_, ()>(())).unwrap();
    let span = recorder.span("process kmer");
    assert_eq!(span.parent_span_id(), None);
    assert_ne!(
        span.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    let link = &span.links()[0].span_context;
    assert_eq!(
        link.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert_eq!(link.span_id().to_string(), "b7ad6b7169203331");
}

#[test]
fn a_job_that_waits_does_not_keep_its_submitters_span_open() {
    let (recorder, spans) = recording();
    let jobs = Jobs::new(spans);
    let submitter = recorder.provider().tracer("test").start("submit");
    let context = opentelemetry::trace::TraceContextExt::with_span(&Context::new(), submitter);
    let job = context::in_scope(&context, || jobs.submit(spec()));
    drop(context);
    let submitter = recorder.span("submit");
    job.run_blocking(|| Ok::<_, ()>(())).unwrap();
    assert_eq!(
        recorder.span("process kmer").parent_span_id(),
        Some(submitter.span_id())
    );
}

#[test]
fn an_unsampled_job_has_ids_and_no_span() {
    let (recorder, spans) = recording();
    let jobs = Jobs::new(spans);
    let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let job = context::in_scope(&request(unsampled), || jobs.submit(spec()));
    let trace = job
        .run_blocking(|| {
            stage("count");
            Ok::<_, ()>(TraceContext::current().unwrap())
        })
        .unwrap();
    assert_eq!(
        trace.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert_ne!(trace.span_id().to_string(), "b7ad6b7169203331");
    assert!(!trace.is_sampled());
    assert_eq!(recorder.created(), 0);
}

#[test]
fn a_job_of_suppressed_telemetry_has_no_span() {
    let (recorder, spans) = recording();
    let jobs = Jobs::new(spans);
    let _quiet = Context::enter_telemetry_suppressed_scope();
    let job = jobs.submit(spec());
    job.run_blocking(|| Ok::<_, ()>(())).unwrap();
    drop(jobs.submit(spec()));
    assert_eq!(recorder.created(), 0);
}

#[test]
fn disabled_telemetry_keeps_the_submitters_ids() {
    let telemetry = Telemetry::builder("hub").disabled(true).build().unwrap();
    let jobs = Jobs::new(telemetry.job_spans());
    let job = context::in_scope(&request(PARENT), || jobs.submit(spec()));
    let trace = job
        .run_blocking(|| Ok::<_, ()>(TraceContext::current().unwrap()))
        .unwrap();
    assert_eq!(trace.to_string(), PARENT);
}
