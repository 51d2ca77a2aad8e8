use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use omtx_tracing::testing::SpanRecorder;
use opentelemetry::trace::{
    Event, Link, Span, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};

fn remote(flags: u8, trace_state: &str) -> SpanContext {
    SpanContext::new(
        TraceId::from(7),
        SpanId::from(9),
        TraceFlags::new(flags),
        true,
        trace_state.parse().unwrap(),
    )
}

#[test]
fn a_span_is_recorded_once_when_it_ends_and_ignores_what_comes_after() {
    let recorder = SpanRecorder::new();
    let mut span = recorder.provider().tracer("t").start("first");
    span.set_attribute(KeyValue::new("a", 1));
    assert!(span.is_recording());
    span.end();
    assert!(!span.is_recording());
    span.set_attribute(KeyValue::new("b", 2));
    span.update_name("late");
    span.set_status(Status::Ok);
    span.add_event("late", Vec::new());
    span.add_link(remote(1, ""), Vec::new());
    span.end();
    drop(span);

    let spans = recorder.spans();
    assert_eq!((spans.len(), recorder.created()), (1, 1));
    assert_eq!(spans[0].name(), "first");
    assert_eq!(spans[0].attributes(), [KeyValue::new("a", 1)]);
    assert_eq!(spans[0].status(), &Status::Unset);
    assert_eq!((spans[0].events().len(), spans[0].links().len()), (0, 0));
}

#[test]
fn dropping_a_span_ends_it() {
    let recorder = SpanRecorder::new();
    drop(recorder.provider().tracer("t").start("dropped"));
    let span = recorder.span("dropped");
    assert_eq!(span.status(), &Status::Unset);
    assert!(span.end_time() >= span.start_time());
}

#[test]
fn the_last_clone_of_a_context_ends_the_span_in_it() {
    let recorder = SpanRecorder::new();
    let cx = Context::new().with_span(recorder.provider().tracer("t").start("in context"));
    let other = cx.clone();
    drop(cx);
    assert!(recorder.spans().is_empty());
    drop(other);
    assert!(recorder.span("in context").parent_span_id().is_none());
}

#[test]
fn all_that_a_builder_brings_is_recorded() {
    let recorder = SpanRecorder::new();
    let scope = InstrumentationScope::builder("lib")
        .with_version("1.2")
        .build();
    let tracer = recorder.provider().tracer_with_scope(scope.clone());
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let attributes = [
        KeyValue::new("s", "x"),
        KeyValue::new("f", 0.5),
        KeyValue::new("b", true),
    ];
    let event = Event::new("e", at(11), vec![KeyValue::new("n", i64::MIN)], 3);
    let link = Link::new(remote(3, "v=1"), vec![KeyValue::new("l", 1)], 2);
    let mut span = tracer
        .span_builder("built")
        .with_kind(SpanKind::Consumer)
        .with_start_time(at(10))
        .with_attributes(attributes.clone())
        .with_events(vec![event.clone()])
        .with_links(vec![link.clone()])
        .start_with_context(
            &tracer,
            &Context::new().with_remote_span_context(remote(1, "k=v,a=b")),
        );
    span.end_with_timestamp(at(12));

    let read = recorder.span("built");
    assert_eq!(read.scope(), &scope);
    assert_eq!(read.kind(), &SpanKind::Consumer);
    assert_eq!((read.start_time(), read.end_time()), (at(10), at(12)));
    assert_eq!(read.attributes(), attributes);
    assert_eq!(read.events(), [event]);
    assert_eq!(read.links(), [link]);
    assert_eq!(read.span_context(), span.span_context());
    assert_eq!(read.span_context().trace_state().header(), "k=v,a=b");
    assert_eq!(read.parent_span_id(), Some(SpanId::from(9)));
    assert!(read.parent_is_remote());
}

#[test]
fn of_a_key_that_is_set_twice_the_last_value_stays() {
    let recorder = SpanRecorder::new();
    let mut span = recorder.provider().tracer("t").start("twice");
    for n in 0..40 {
        span.set_attribute(KeyValue::new(format!("key.{n}"), n));
    }
    span.set_attribute(KeyValue::new("key.7", "seven"));
    span.set_attribute(KeyValue::new("key.39", 0));
    span.set_attribute(KeyValue::new("key.7", "again"));
    span.end();
    let read = recorder.span("twice");
    assert_eq!(read.attributes().len(), 40);
    assert_eq!(read.attribute("key.7"), Some(&"again".into()));
    assert_eq!(read.attribute("key.39"), Some(&0.into()));
    assert_eq!(read.attribute("key.8"), Some(&8.into()));
    assert_eq!(read.dropped_attributes_count(), 0);
}

#[test]
fn ok_is_final_and_an_error_replaces_an_error() {
    #[track_caller]
    fn check(set: &[Status], expected: &Status) {
        let recorder = SpanRecorder::new();
        let mut span = recorder.provider().tracer("t").start("s");
        for status in set {
            span.set_status(status.clone());
        }
        drop(span);
        assert_eq!(recorder.span("s").status(), expected);
    }
    check(
        &[Status::Ok, Status::error("late"), Status::Unset],
        &Status::Ok,
    );
    check(
        &[Status::error("z"), Status::error("a")],
        &Status::error("a"),
    );
    check(&[Status::error("z"), Status::Unset], &Status::error("z"));
    check(&[Status::error("z"), Status::Ok], &Status::Ok);
    check(&[], &Status::Unset);
}

#[test]
fn an_end_before_the_start_is_the_start() {
    let recorder = SpanRecorder::new();
    let tracer = recorder.provider().tracer("t");
    let mut span = tracer.start("early");
    span.end_with_timestamp(UNIX_EPOCH);
    let read = recorder.span("early");
    assert_eq!(read.end_time(), read.start_time());
}

#[test]
fn an_end_through_a_context_is_told_by_the_caller() {
    let recorder = SpanRecorder::new();
    let cx = Context::new().with_span(recorder.provider().tracer("t").start("s"));
    let before = SystemTime::now();
    cx.span().end();
    let after = SystemTime::now();
    let end = recorder.span("s").end_time();
    assert!((before..=after).contains(&end));
}

#[test]
fn a_span_dropped_by_a_panic_says_so() {
    let recorder = SpanRecorder::new();
    let tracer = recorder.provider().tracer("t");
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _outer = tracer.start("outer");
        let mut told = tracer.start("told");
        told.set_attribute(KeyValue::new("error.type", "timeout"));
        told.set_status(Status::error("slow"));
        std::panic::resume_unwind(Box::new(()));
    }));
    let outer = recorder.span("outer");
    assert_eq!(outer.status(), &Status::error("panicked"));
    assert_eq!(outer.attribute("error.type"), Some(&"panicked".into()));
    let told = recorder.span("told");
    assert_eq!(told.status(), &Status::error("slow"));
    assert_eq!(told.attribute("error.type"), Some(&"timeout".into()));
}

#[test]
fn a_span_that_lives_and_dies_while_others_unwind_says_nothing_of_it() {
    struct Cleanup<T: Tracer>(T);
    impl<T: Tracer> Drop for Cleanup<T> {
        fn drop(&mut self) {
            drop(self.0.start("cleanup"));
        }
    }
    let recorder = SpanRecorder::new();
    let cleanup = Cleanup(recorder.provider().tracer("t"));
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _cleanup = cleanup;
        std::panic::resume_unwind(Box::new(()));
    }));
    assert_eq!(recorder.span("cleanup").status(), &Status::Unset);
}

#[test]
fn a_child_has_its_parents_trace_and_a_local_parent() {
    let recorder = SpanRecorder::new();
    let tracer = recorder.provider().tracer("t");
    tracer.in_span("parent", |_| tracer.in_span("child", |_| ()));
    let (parent, child) = (recorder.span("parent"), recorder.span("child"));
    assert_eq!(child.trace_id(), parent.trace_id());
    assert_eq!(child.parent_span_id(), Some(parent.span_id()));
    assert!(!child.parent_is_remote());
    assert_eq!(parent.parent_span_id(), None);
    assert_ne!(child.span_id(), parent.span_id());
}

#[test]
fn suppressed_telemetry_begins_no_span() {
    let recorder = SpanRecorder::new();
    let tracer = recorder.provider().tracer("t");
    let _guard = Context::enter_telemetry_suppressed_scope();
    let span = tracer.start("suppressed");
    assert!(!span.span_context().is_valid() && !span.is_recording());
    drop(span);
    assert_eq!(recorder.created(), 0);
}

#[test]
fn the_random_flag_is_set_on_new_traces_and_passed_on_as_it_came() {
    #[track_caller]
    fn check(parent: Option<u8>, expected: u8) {
        let recorder = SpanRecorder::new();
        let tracer = recorder.provider().tracer("t");
        let cx = match parent {
            Some(flags) => Context::new().with_remote_span_context(remote(flags, "")),
            None => Context::new(),
        };
        let span = tracer.start_with_context("s", &cx);
        assert_eq!(span.span_context().trace_flags(), TraceFlags::new(expected));
    }
    check(None, 0x03);
    check(Some(0x01), 0x01);
    check(Some(0x03), 0x03);
    check(Some(0x02), 0x03); // sampled here: the recorder takes all
    check(Some(0xff), 0x03); // unknown flags are not passed on
}

#[test]
fn a_span_is_debug_and_names_what_it_is() {
    let recorder = SpanRecorder::new();
    let mut span = recorder.provider().tracer("t").start("shown");
    assert!(format!("{span:?}").contains("shown"));
    span.end();
    assert!(format!("{span:?}").ends_with("recording: false }"));
}

#[test]
fn a_parent_that_is_not_valid_is_none() {
    let recorder = SpanRecorder::new();
    let tracer = recorder.provider().tracer("t");
    let broken = SpanContext::new(
        TraceId::INVALID,
        SpanId::from(1),
        TraceFlags::SAMPLED,
        true,
        TraceState::from_key_value([("k", "v")]).unwrap(),
    );
    let cx = Context::new().with_remote_span_context(broken);
    drop(tracer.start_with_context("root", &cx));
    let root = recorder.span("root");
    assert!(root.span_context().is_valid());
    assert_eq!(root.parent_span_id(), None);
    assert_eq!(root.span_context().trace_state(), &TraceState::NONE);
}
