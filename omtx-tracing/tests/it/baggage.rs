//! Baggage, every day.

use omtx_context::Scope;
use omtx_tracing::{baggage, context};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;

#[test]
fn one_more_member_leaves_the_others_and_their_metadata() {
    let mut first = opentelemetry::baggage::Baggage::new();
    first.insert_with_metadata("a", "1", "ttl=5");
    let context = baggage::with(&Context::new().with_baggage(first), "b", "2".to_owned());
    let context = baggage::with(&context, "b", "3");
    let members = context.baggage();
    assert_eq!(members.len(), 2);
    assert_eq!(members.get_with_metadata("a").unwrap().1.as_str(), "ttl=5");
    assert_eq!(members.get("b").unwrap().as_str(), "3");
}

#[test]
fn what_baggage_cannot_hold_is_left_out() {
    let context = baggage::with(&Context::new(), "no token", "1");
    assert!(context.baggage().is_empty());
    let context = baggage::with(&Context::new(), "k", "v".repeat(9000));
    assert!(context.baggage().is_empty());
}

#[test]
fn what_is_taken_out_makes_room() {
    let mut context = Context::new();
    for _ in 0..3 {
        context = baggage::with(&context, "k", "v".repeat(8000));
        assert_eq!(context.baggage().len(), 1);
        context = baggage::without(&context, "k");
        assert!(context.baggage().is_empty());
    }
}

#[test]
fn only_what_is_allowed_comes_to_log_lines() {
    let context = baggage::with(&Context::new(), "tenant", "acme");
    let context = baggage::with(&context, "evil", "x");
    let scope = context::in_scope(&context, || {
        baggage::fields(Scope::root().with("request_id", "r-1"), &["tenant", "plan"]).build()
    });
    assert_eq!(
        format!("{scope:?}"),
        r#"{"request_id": "r-1", "tenant": "acme"}"#
    );
    assert_eq!(baggage::get("tenant"), None);
}
