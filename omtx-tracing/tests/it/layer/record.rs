use omtx_tracing::LayerBuilder;
use omtx_tracing::testing::SpanRecorder;
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use tracing::level_filters::LevelFilter;
use tracing::{debug_span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use super::{caller, record, record_in};

#[test]
fn a_tracing_span_is_a_span_with_its_fields_and_place() {
    let recorder = record(|| {
        let span = info_span!(
            "charge",
            cents = 1999,
            currency = "EUR",
            late = tracing::field::Empty
        );
        let _entered = span.enter();
        span.record("late", true);
    });
    let span = recorder.span("charge");
    assert_eq!(span.attribute("cents"), Some(&1999.into()));
    assert_eq!(span.attribute("currency"), Some(&"EUR".into()));
    assert_eq!(span.attribute("late"), Some(&true.into()));
    assert_eq!(
        span.attribute("code.module.name"),
        Some(&module_path!().into())
    );
    assert_eq!(span.attribute("thread.id"), None);
    assert_eq!(span.attribute("busy_ns"), None);
    assert_eq!(span.kind(), &SpanKind::Internal);
    assert_eq!(span.scope().name(), "omtx-tracing");
}

#[test]
fn the_settings_say_what_a_span_tells_of_itself() {
    let recorder = SpanRecorder::new();
    record_in(
        &recorder,
        |builder| builder.location(false).threads(true).inactivity(true),
        || drop(info_span!("s").entered()),
    );
    let span = recorder.span("s");
    let keys: Vec<_> = span.attributes().iter().map(|kv| kv.key.as_str()).collect();
    assert_eq!(keys, ["thread.id", "thread.name", "busy_ns", "idle_ns"]);
}

#[test]
fn spans_nest_as_they_are_entered_and_under_the_current_context() {
    let recorder = record(|| {
        let _caller = caller(true).attach();
        let outer = info_span!("outer").entered();
        let inner = info_span!("inner").entered();
        drop(inner);
        drop(outer);
    });
    let (outer, inner) = (recorder.span("outer"), recorder.span("inner"));
    assert_eq!(
        (outer.trace_id(), outer.parent_span_id()),
        (TraceId::from(7), Some(SpanId::from(9)))
    );
    assert!(outer.parent_is_remote());
    assert_eq!(inner.parent_span_id(), Some(outer.span_id()));
    assert!(outer.start_time() <= inner.start_time() && inner.end_time() <= outer.end_time());
}

#[test]
fn spans_below_the_level_are_not_recorded_and_their_children_have_the_next_parent() {
    let recorder = record(|| {
        let _outer = info_span!("outer").entered();
        let _hidden = debug_span!("hidden").entered();
        let _inner = info_span!("inner").entered();
    });
    let names: Vec<_> = recorder
        .spans()
        .iter()
        .map(|span| span.name().to_owned())
        .collect();
    assert_eq!(names, ["inner", "outer"]);
    assert_eq!(
        recorder.spans()[0].parent_span_id(),
        Some(recorder.spans()[1].span_id())
    );

    let recorder = SpanRecorder::new();
    record_in(
        &recorder,
        |builder| builder.level(LevelFilter::DEBUG),
        || drop(debug_span!("seen").entered()),
    );
    assert_eq!(recorder.spans().len(), 1);
}

#[test]
fn a_span_that_is_never_entered_is_recorded_all_the_same() {
    let recorder = record(|| drop(info_span!("short")));
    assert!(recorder.span("short").parent_span_id().is_none());
}

#[test]
fn the_extension_trait_of_tracing_opentelemetry_works() {
    let recorder = record(|| {
        let other = info_span!("other");
        let span = info_span!("span", otel.kind = "client", otel.name = "GET /");
        span.set_parent(caller(true)).unwrap();
        span.add_link(other.context().span().span_context().clone());
        span.set_attribute("k", 1);
        let _entered = span.enter();
        assert!(span.set_parent(Context::new()).is_err(), "it has started");
        span.set_status(Status::error("broken"));
        span.add_event("event", vec![KeyValue::new("e", 2)]);
        assert_eq!(
            span.context().span().span_context().trace_id(),
            TraceId::from(7)
        );
    });
    let (span, other) = (recorder.span("GET /"), recorder.span("other"));
    assert_eq!(span.parent_span_id(), Some(SpanId::from(9)));
    assert_eq!(span.kind(), &SpanKind::Client);
    assert_eq!(span.status(), &Status::error("broken"));
    assert_eq!(span.links()[0].span_context.span_id(), other.span_id());
    assert_eq!(span.events()[0].attributes, [KeyValue::new("e", 2)]);
    assert_eq!(span.attribute("k"), Some(&1.into()));
}

#[test]
fn follows_from_is_a_link() {
    let recorder = record(|| {
        let cause = info_span!("cause");
        let effect = info_span!("effect");
        effect.follows_from(&cause);
    });
    let (cause, effect) = (recorder.span("cause"), recorder.span("effect"));
    assert_eq!(effect.links()[0].span_context.span_id(), cause.span_id());
}

#[test]
fn a_filter_on_top_of_the_layer_takes_spans_away() {
    let recorder = SpanRecorder::new();
    let quiet = LayerBuilder::new(&recorder.provider())
        .build()
        .with_filter(Targets::new().with_target("hub", LevelFilter::INFO));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(quiet), || {
        drop(info_span!(target: "hub", "kept").entered());
        drop(info_span!(target: "chatty", "left out").entered());
    });
    assert_eq!(recorder.spans().len(), 1);
    assert!(recorder.span("kept").parent_span_id().is_none());
}
