use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{LayerBuilder, ParentBased, Sampler, SamplingRequest, SpanLimits, Telemetry};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tracing::info_span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use super::{caller, layer, record_in};

/// Whether our layer hears of a span, and makes one of its own.
fn is_on(sampler: Sampler, context: &Context) -> bool {
    let recorder = SpanRecorder::with(sampler, SpanLimits::default());
    let mut on = false;
    record_in(
        &recorder,
        |builder| builder,
        || {
            let _current = context.clone().attach();
            on = info_span!("s").context().has_active_span();
        },
    );
    on
}

#[test]
fn in_a_request_that_is_not_sampled_spans_are_switched_off() {
    assert!(!is_on(Sampler::default(), &caller(false)));
    assert!(is_on(Sampler::default(), &caller(true)));
    assert!(is_on(Sampler::default(), &Context::new()));
}

#[test]
fn a_sampler_that_might_record_below_such_a_request_is_asked() {
    let local_on =
        ParentBased::new(Sampler::always_off()).remote_parent_not_sampled(Sampler::always_on());
    assert!(is_on(local_on.into(), &caller(false)));
    assert!(is_on(Sampler::always_on(), &caller(false)));
    assert!(is_on(
        Sampler::custom(|_: &SamplingRequest<'_>| false),
        &caller(false)
    ));
    assert!(!is_on(Sampler::always_off(), &caller(false)));
    assert!(is_on(Sampler::trace_id_ratio(1.0).unwrap(), &caller(false)));
    assert!(!is_on(
        Sampler::trace_id_ratio(0.0).unwrap(),
        &caller(false)
    ));
}

#[test]
fn published_ids_that_are_not_sampled_switch_off_like_a_context() {
    let (trace, span) = (TraceId::new(1).unwrap(), SpanId::new(2).unwrap());
    let unsampled = TraceContext::new(trace, span, TraceFlags::default());
    unsampled.in_scope(|| assert!(!is_on(Sampler::default(), &Context::new())));
    let sampled = TraceContext::new(trace, span, TraceFlags::SAMPLED);
    sampled.in_scope(|| assert!(is_on(Sampler::default(), &Context::new())));
}

#[test]
fn the_ids_of_a_request_that_is_not_sampled_stay_current_inside_its_spans() {
    let recorder = SpanRecorder::new();
    let unsampled = TraceContext::new(
        TraceId::new(1).unwrap(),
        SpanId::new(2).unwrap(),
        TraceFlags::default(),
    );
    record_in(
        &SpanRecorder::with(Sampler::default(), SpanLimits::default()),
        |builder| builder,
        || {
            unsampled.in_scope(|| {
                let _span = info_span!("s").entered();
                assert_eq!(TraceContext::current(), Some(unsampled));
            });
        },
    );
    assert_eq!(recorder.created(), 0);
}

#[test]
fn below_a_root_that_is_not_sampled_nothing_is_on() {
    let recorder = SpanRecorder::with(
        Sampler::parent_based(Sampler::always_off()),
        SpanLimits::default(),
    );
    record_in(
        &recorder,
        |builder| builder,
        || {
            let _root = info_span!("root").entered();
            assert!(!info_span!("child").context().has_active_span());
            assert!(TraceContext::current().is_some_and(|trace| !trace.is_sampled()));
        },
    );
    assert_eq!(recorder.created(), 0);
}

#[test]
fn suppressed_telemetry_switches_spans_off() {
    assert!(!is_on(
        Sampler::always_on(),
        &Context::new().with_telemetry_suppressed()
    ));
}

#[test]
fn a_layer_of_telemetry_that_exports_nothing_wants_no_level() {
    let telemetry = Telemetry::builder("hub").build().unwrap();
    let layer = telemetry.layer_builder().level(LevelFilter::TRACE).build();
    assert_eq!(
        Layer::<Registry>::max_level_hint(&layer),
        Some(LevelFilter::OFF)
    );
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let _current = caller(true).attach();
        assert!(!info_span!("s").context().has_active_span());
    });
}

/// Another layer, which counts the spans that it hears of.
struct Wants(Arc<AtomicUsize>);

impl<S: tracing::Subscriber> Layer<S> for Wants {
    fn on_new_span(
        &self,
        _: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_span_that_is_switched_off_here_is_seen_by_other_layers() {
    let heard = Arc::new(AtomicUsize::new(0));
    let recorder = SpanRecorder::with(Sampler::default(), SpanLimits::default());
    let subscriber = tracing_subscriber::registry()
        .with(layer(&recorder))
        .with(Wants(Arc::clone(&heard)));
    tracing::subscriber::with_default(subscriber, || {
        let _current = caller(false).attach();
        drop(info_span!("s").entered());
        drop(debug("below the level"));
    });
    assert_eq!((recorder.created(), heard.load(Relaxed)), (0, 2));
}

fn debug(what: &'static str) -> tracing::Span {
    tracing::debug_span!("s", what)
}

#[test]
fn two_layers_of_two_telemetries_keep_apart() {
    let (a, b) = (SpanRecorder::new(), SpanRecorder::new());
    let second = LayerBuilder::new(&b.provider())
        .level(LevelFilter::DEBUG)
        .build();
    let subscriber = tracing_subscriber::registry().with(layer(&a)).with(second);
    tracing::subscriber::with_default(subscriber, || drop(tracing::debug_span!("s").entered()));
    assert_eq!((a.created(), b.created()), (0, 1));
}
