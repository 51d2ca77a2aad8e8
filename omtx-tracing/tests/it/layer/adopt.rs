//! Spans below ids that only `omtx-context` knows.

use omtx_context::{JobSpec, Jobs, SpanId, TraceContext, TraceFlags, TraceId};
use omtx_tracing::context::{self, in_scope};
use opentelemetry::trace::TraceContextExt;
use tracing::info_span;

use super::{caller, record};

fn published() -> TraceContext {
    let (trace, span) = (TraceId::new(1).unwrap(), SpanId::new(2).unwrap());
    TraceContext::new(trace, span, TraceFlags::SAMPLED)
}

#[test]
fn a_span_begins_below_published_ids_and_leaves_them_as_they_were() {
    let recorder = record(|| {
        published().in_scope(|| {
            let span = info_span!("work").entered();
            assert_ne!(TraceContext::current(), Some(published()));
            drop(info_span!("inner").entered());
            drop(span);
            assert_eq!(TraceContext::current(), Some(published()));
            let context = opentelemetry::Context::current();
            assert!(!context.span().span_context().is_valid());
        });
    });
    let (work, inner) = (recorder.span("work"), recorder.span("inner"));
    assert_eq!(work.trace_id(), 1.into());
    assert_eq!(work.parent_span_id(), Some(2.into()));
    assert_eq!(inner.trace_id(), 1.into());
    assert_eq!(inner.parent_span_id(), Some(work.span_id()));
}

#[test]
fn a_span_keeps_the_parent_that_it_was_created_under() {
    let recorder = record(|| {
        let span = published().in_scope(|| info_span!("work"));
        drop(span.entered());
    });
    assert_eq!(recorder.span("work").parent_span_id(), Some(2.into()));
}

#[test]
fn a_span_without_a_parent_begins_a_trace() {
    let recorder = record(|| {
        published().in_scope(|| drop(info_span!(parent: None, "work").entered()));
    });
    let work = recorder.span("work");
    assert_eq!(work.parent_span_id(), None);
    assert_ne!(work.trace_id(), 1.into());
}

#[test]
fn a_context_counts_over_published_ids() {
    let recorder = record(|| {
        let _context = caller(true).attach();
        published().in_scope(|| drop(info_span!("work").entered()));
    });
    assert_eq!(recorder.span("work").parent_span_id(), Some(9.into()));
}

#[test]
fn a_span_in_a_job_belongs_to_the_trace_that_submitted_it() {
    let recorder = record(|| {
        let jobs = Jobs::new(());
        let job = in_scope(&caller(true), || jobs.submit(JobSpec::new("kmer")));
        let ran = job.run_blocking(|| {
            let expected = context::current().span().span_context().trace_id();
            drop(info_span!("count").entered());
            Ok::<_, ()>(expected)
        });
        assert_eq!(ran, Ok(7.into()));
    });
    let count = recorder.span("count");
    assert_eq!(
        (count.trace_id(), count.parent_span_id()),
        (7.into(), Some(9.into()))
    );
}
