//! Carriers of text: messages, and OpenTelemetry's global propagator.

use std::collections::HashMap;

use omtx_tracing::{Propagator, Propagators};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::{Extractor, TextMapCompositePropagator, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};
use opentelemetry::{Context, KeyValue};
use proptest::prelude::*;

use super::headers;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

/// Headers as a message broker has them: repeated, in their order.
struct Pairs(Vec<(&'static str, &'static str)>);

impl Extractor for Pairs {
    fn get(&self, key: &str) -> Option<&str> {
        self.get_all(key)?.into_iter().next()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(key, _)| *key).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        let values: Vec<_> = self
            .0
            .iter()
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| *value)
            .collect();
        (!values.is_empty()).then_some(values)
    }
}

#[test]
fn a_map_of_strings_carries_a_context_to_another_process() {
    let propagators = Propagators::default();
    let incoming = headers(&[
        ("traceparent", PARENT.as_bytes()),
        ("tracestate", b"congo=t61rcWkgMzE"),
        ("baggage", b"tenant=acme"),
    ]);
    let context = propagators
        .extract_headers(&incoming)
        .into_context(&Context::new());
    let mut message = HashMap::new();
    propagators.inject_carrier(&context, &mut message);

    let wire = serde_json::to_string(&message).unwrap();
    let received: HashMap<String, String> = serde_json::from_str(&wire).unwrap();
    let context = Propagators::default()
        .extract_carrier(&received)
        .into_context(&Context::new());
    let span = context.span().span_context().clone();
    assert!(span.is_remote());
    assert_eq!(span.trace_state().header(), "congo=t61rcWkgMzE");
    assert_eq!(context.baggage().get("tenant").unwrap().as_str(), "acme");
    assert_eq!(message["traceparent"], PARENT);
}

#[test]
fn repeated_values_of_a_carrier_are_seen() {
    let propagators = Propagators::default();
    let pairs = Pairs(vec![
        ("traceparent", PARENT),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
        ("baggage", "x=1"),
        ("baggage", "y=2"),
    ]);
    let found = propagators.extract_carrier(&pairs);
    assert_eq!(
        found.span_context().unwrap().trace_state().header(),
        "a=1,b=2"
    );
    assert_eq!(found.baggage().unwrap().len(), 2);

    let repeated = Pairs(vec![("traceparent", PARENT), ("traceparent", PARENT)]);
    assert!(
        propagators
            .extract_carrier(&repeated)
            .span_context()
            .is_none()
    );
    assert_eq!(propagators.rejected().traceparent, 1);
}

#[test]
fn as_a_text_map_propagator_it_keeps_what_the_context_had() {
    struct Mark;
    let propagators: Box<dyn TextMapPropagator> = Box::new(Propagators::default());
    let base = Context::new().with_value(Mark);
    let nothing = propagators.extract_with_context(&base, &HashMap::<String, String>::new());
    assert!(nothing.get::<Mark>().is_some());
    assert!(!nothing.has_active_span());
    let parent = HashMap::from([("traceparent".to_owned(), PARENT.to_owned())]);
    let context = propagators.extract_with_context(&base, &parent);
    assert!(context.get::<Mark>().is_some());
    assert!(context.span().span_context().is_remote());
}

/// Contexts as applications have them.
fn contexts() -> impl Strategy<Value = Context> {
    let states =
        proptest::collection::btree_map("[a-z][a-z0-9_*/-]{0,10}", "[!-+\\--<>-~]{1,10}", 0..4);
    let baggage = proptest::collection::btree_map("[a-zA-Z0-9.-]{1,10}", "\\PC{1,10}", 0..4);
    (1..u128::MAX, 1..u64::MAX, any::<bool>(), states, baggage).prop_map(
        |(trace_id, span_id, sampled, state, baggage)| {
            let span = SpanContext::new(
                trace_id.into(),
                span_id.into(),
                TraceFlags::default().with_sampled(sampled),
                true,
                TraceState::from_key_value(state).unwrap(),
            );
            // OpenTelemetry's SDK takes white space off a value's ends, whether it is encoded or not, and writes `%` and `\\` as
            // they are, which makes another value of them, or none.
            let members = baggage.into_iter().map(|(key, value)| {
                KeyValue::new(key, value.replace(['%', '\\'], "").trim().to_owned())
            });
            Context::new()
                .with_remote_span_context(span)
                .with_baggage(members)
        },
    )
}

/// OpenTelemetry's own propagators, as an oracle.
fn theirs() -> TextMapCompositePropagator {
    TextMapCompositePropagator::new(vec![
        Box::new(opentelemetry_sdk::propagation::TraceContextPropagator::new()),
        Box::new(opentelemetry_sdk::propagation::BaggagePropagator::new()),
    ])
}

#[track_caller]
fn check_same(context: &Context, other: &Context) {
    assert_eq!(context.span().span_context(), other.span().span_context());
    let members = |context: &Context| {
        let members = context.baggage().into_iter();
        members
            .map(|(key, (value, _))| (key.to_string(), value.to_string()))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(members(context), members(other));
}

/// As a stranger may send them: bytes of any kind, and those that look right but for one.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    let header_bytes = proptest::collection::vec(
        prop_oneof![Just(b'\t'), 0x20..=0x7eu8, 0x80..=0xffu8],
        0..300,
    );
    prop_oneof![
        header_bytes,
        "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}".prop_map(String::into_bytes),
        "([a-z0-9@_*/-]{1,20}=[ -~]{0,20},? ?){0,40}".prop_map(String::into_bytes),
        "([!-~]{1,10} ?= ?[!-~]{0,10};?[!-~]{0,5},? ?){0,80}".prop_map(String::into_bytes),
        "([0-9a-f]{16}){1,2}-[0-9a-f]{16}-[01d](-[0-9a-f]{16})?".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_propagators_of_opentelemetrys_sdk_read_what_these_write_and_the_other_way_round(
        context in contexts()
    ) {
        let ours = Propagators::default();
        let mut carrier = HashMap::new();
        ours.inject_context(&context, &mut carrier);
        check_same(&theirs().extract_with_context(&Context::new(), &carrier), &context);

        let mut carrier = HashMap::new();
        theirs().inject_context(&context, &mut carrier);
        check_same(&ours.extract_with_context(&Context::new(), &carrier), &context);
        prop_assert_eq!(ours.rejected(), Default::default());
    }

#[test]
    fn whatever_comes_in_goes_out_in_a_form_that_is_read_alike(
        values in proptest::collection::vec((0..5usize, nearly_right()), 0..6)
    ) {
        const NAMES: [&str; 5] = ["traceparent", "tracestate", "baggage", "b3", "x-b3-traceid"];
        let propagators = Propagators::new([Propagator::TraceContext, Propagator::Baggage, Propagator::B3]);
        let pairs: Vec<_> = values.iter().map(|(name, value)| (NAMES[*name], &value[..])).collect();
        let first = propagators.extract_headers(&headers(&pairs)).into_context(&Context::new());
        let mut between = http::HeaderMap::new();
        propagators.inject_headers(&first, &mut between);

        let fresh = Propagators::new([Propagator::TraceContext, Propagator::Baggage, Propagator::B3]);
        let second = fresh.extract_headers(&between).into_context(&Context::new());
        let mut after = http::HeaderMap::new();
        fresh.inject_headers(&second, &mut after);

        prop_assert_eq!(fresh.rejected(), Default::default(), "{:?}", between);
        prop_assert_eq!(first.span().span_context().trace_id(), second.span().span_context().trace_id());
        prop_assert_eq!(between.get("traceparent"), after.get("traceparent"));
        prop_assert_eq!(between.get("tracestate"), after.get("tracestate"));
        prop_assert_eq!(between.get("b3"), after.get("b3"));
        prop_assert_eq!(first.baggage().len(), second.baggage().len());
        for (key, (value, metadata)) in first.baggage() {
            prop_assert_eq!(second.baggage().get_with_metadata(key), Some(&(value.clone(), metadata.clone())));
        }
    }
}
