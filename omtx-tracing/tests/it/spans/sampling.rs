use std::sync::Mutex;

use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{ParentBased, Sampler, SamplingRequest, SpanLimits, Telemetry};
use opentelemetry::trace::{
    Span, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
    TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler as OtherSampler, SamplingDecision, ShouldSample as _};
use proptest::prelude::*;

/// How a recorder with this sampler begins a span below this parent.
fn start(sampler: &Sampler, parent: Option<SpanContext>) -> (SpanContext, bool) {
    let recorder = SpanRecorder::with(sampler.clone(), SpanLimits::default());
    let cx = parent.map_or_else(Context::new, |parent| {
        Context::new().with_remote_span_context(parent)
    });
    let span = recorder.provider().tracer("t").start_with_context("s", &cx);
    (span.span_context().clone(), span.is_recording())
}

fn parent(sampled: bool, remote: bool) -> SpanContext {
    SpanContext::new(
        TraceId::from(7),
        SpanId::from(9),
        TraceFlags::default().with_sampled(sampled),
        remote,
        TraceState::from_key_value([("v", "1")]).unwrap(),
    )
}

#[test]
fn a_span_that_is_not_sampled_keeps_the_trace_and_has_an_id_of_its_own() {
    for (sampler, parent) in [
        (Sampler::default(), parent(false, true)),
        (Sampler::always_off(), parent(true, true)),
    ] {
        let (context, recording) = start(&sampler, Some(parent.clone()));
        assert!(!recording && !context.is_sampled() && !context.is_remote());
        assert_eq!(context.trace_id(), parent.trace_id());
        assert_eq!(context.trace_state(), parent.trace_state());
        assert!(context.span_id() != parent.span_id() && context.is_valid());
    }
}

#[test]
fn a_root_that_is_not_sampled_has_a_trace_id_that_is_random() {
    let (context, recording) = start(&Sampler::always_off(), None);
    assert!(context.is_valid() && !recording);
    assert_eq!(context.trace_flags(), TraceFlags::new(0x02));
}

#[test]
fn a_parent_based_sampler_asks_the_one_for_this_kind_of_parent() {
    #[track_caller]
    fn check(sampler: ParentBased, expected: [bool; 5]) {
        let sampler = Sampler::from(sampler);
        let parents = [(true, true), (true, false), (false, true), (false, false)];
        let found =
            parents.map(|(remote, sampled)| start(&sampler, Some(parent(sampled, remote))).1);
        let root = start(&sampler, None).1;
        assert_eq!([root, found[0], found[1], found[2], found[3]], expected);
    }
    let on = Sampler::always_on;
    let off = Sampler::always_off;
    check(ParentBased::new(on()), [true, true, false, true, false]);
    check(ParentBased::new(off()), [false, true, false, true, false]);
    let base = || ParentBased::new(off());
    check(
        base().remote_parent_sampled(off()),
        [false, false, false, true, false],
    );
    check(
        base().remote_parent_not_sampled(on()),
        [false, true, true, true, false],
    );
    check(
        base().local_parent_sampled(off()),
        [false, true, false, false, false],
    );
    check(
        base().local_parent_not_sampled(on()),
        [false, true, false, true, true],
    );
}

#[test]
fn a_rule_of_ones_own_sees_all_that_is_known_before_the_span_is_built() {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let rule = |span: &SamplingRequest<'_>| {
        SEEN.lock().unwrap().push(format!(
            "{} {:?} {} {} {}",
            span.name(),
            span.kind(),
            span.parent().is_some(),
            span.attributes().len(),
            span.links().len(),
        ));
        span.name() != "poll"
    };
    let recorder = SpanRecorder::with(Sampler::custom(rule), SpanLimits::default());
    let tracer = recorder.provider().tracer("t");
    let polling = tracer.start("poll");
    assert!(!polling.is_recording());
    let builder = tracer
        .span_builder("work")
        .with_kind(SpanKind::Client)
        .with_attributes([KeyValue::new("k", 1)]);
    let cx = Context::new().with_remote_span_context(polling.span_context().clone());
    assert!(tracer.build_with_context(builder, &cx).is_recording());
    assert_eq!(
        *SEEN.lock().unwrap(),
        ["poll Internal false 0 0", "work Client true 1 0"]
    );
}

#[test]
fn where_nothing_is_exported_the_callers_ids_are_passed_on_as_they_came() {
    let telemetry = Telemetry::builder("hub").build().unwrap();
    let tracer = telemetry.tracer_provider().tracer("t");
    for sampled in [true, false] {
        let caller = parent(sampled, true);
        let cx = Context::new().with_remote_span_context(caller.clone());
        let span = tracer.start_with_context("s", &cx);
        assert_eq!(span.span_context(), &caller);
        assert!(!span.is_recording());
    }
    let root = tracer.start_with_context("s", &Context::new());
    assert!(root.span_context().is_valid() && !root.span_context().is_sampled());
}

proptest! {
    #[test]
    fn a_ratio_takes_the_traces_that_the_other_sdk_takes(id in 1_u128.., ratio in 0.0..=1.0) {
        let other = OtherSampler::TraceIdRatioBased(ratio).should_sample(
            None, TraceId::from(id), "s", &SpanKind::Internal, &[], &[],
        );
        let sampler = Sampler::trace_id_ratio(ratio).unwrap();
        let parent = SpanContext::new(
            TraceId::from(id), SpanId::from(1), TraceFlags::default(), true, TraceState::NONE,
        );
        let (_, recording) = start(&sampler, Some(parent));
        prop_assert_eq!(recording, other.decision == SamplingDecision::RecordAndSample);
    }

    #[test]
    fn a_higher_ratio_takes_all_that_a_lower_one_takes(
        id in 1_u128..,
        a in 0.0..=1.0_f64,
        b in 0.0..=1.0_f64,
    ) {
        let parent = SpanContext::new(
            TraceId::from(id), SpanId::from(1), TraceFlags::default(), true, TraceState::NONE,
        );
        let takes = |ratio| start(&Sampler::trace_id_ratio(ratio).unwrap(), Some(parent.clone())).1;
        prop_assert!(!takes(a.min(b)) || takes(a.max(b)));
    }
}
