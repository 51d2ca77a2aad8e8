//! Baggage: what an application says about a piece of work, for every service that it passes through.
//!
//! It is OpenTelemetry's [`Baggage`], in the [`Context`]; these are the things that one does with it every day. It travels in
//! the header `baggage`, in clear text, to every service that is called (unless `ClientSpans::propagate_to` says otherwise):
//! nothing secret belongs there. What came in was written by whoever sent the request, and is not to be believed without a
//! reason.
//!
//! ```
//! use omtx_context::Scope;
//! use omtx_tracing::{baggage, context};
//! use opentelemetry::Context;
//!
//! let context = baggage::with(&Context::new(), "tenant", "acme");
//! context::in_scope(&context, || {
//!     assert_eq!(baggage::get("tenant").as_deref(), Some("acme"));
//!
//!     // Into every log line of this work: what is on the list, and nothing else of what a stranger may have sent.
//!     let scope = baggage::fields(Scope::builder(), &["tenant"]).build();
//!     assert_eq!(scope.get("tenant").unwrap().as_str(), Some("acme"));
//! });
//! ```

use std::borrow::Cow;

use omtx_context::ScopeBuilder;
use opentelemetry::Context;
use opentelemetry::baggage::{Baggage, BaggageExt};

/// The value that the current context's baggage has for a key; `None` if it has none.
///
/// ```
/// use omtx_tracing::{baggage, context};
/// use opentelemetry::Context;
///
/// let context = baggage::with(&Context::new(), "tenant", "acme");
/// assert_eq!(context::in_scope(&context, || baggage::get("tenant")).as_deref(), Some("acme"));
/// assert_eq!(baggage::get("tenant"), None);
/// ```
#[must_use]
pub fn get(key: &str) -> Option<String> {
    Context::map_current(|context| context.baggage().get(key).map(ToString::to_string))
}

/// `context` with one more member in its baggage, or another value for it. The others stay, unlike with
/// [`BaggageExt::with_baggage`].
///
/// A key that is no token of HTTP, a 65th member, and one with which there are more than 8192 bytes are left out; a value that
/// was there before stays then.
///
/// ```
/// use omtx_tracing::baggage;
/// use opentelemetry::Context;
/// use opentelemetry::baggage::BaggageExt;
///
/// let context = baggage::with(&Context::new(), "tenant", "acme");
/// let context = baggage::with(&context, "plan", "free");
/// assert_eq!(context.baggage().len(), 2);
/// ```
#[must_use]
pub fn with(
    context: &Context,
    key: impl Into<Cow<'static, str>>,
    value: impl Into<Cow<'static, str>>,
) -> Context {
    let mut baggage = copied(context.baggage());
    let _ = baggage.insert(key.into(), value.into());
    context.with_baggage(baggage)
}

/// `context` without one member of its baggage.
///
/// ```
/// use omtx_tracing::baggage;
/// use opentelemetry::Context;
/// use opentelemetry::baggage::BaggageExt;
///
/// let context = baggage::with(&Context::new(), "tenant", "acme");
/// assert!(baggage::without(&context, "tenant").baggage().is_empty());
/// ```
#[must_use]
pub fn without(context: &Context, key: &str) -> Context {
    // Made anew, and not taken out: OpenTelemetry's type would go on counting the bytes of what was taken out.
    let kept = context
        .baggage()
        .iter()
        .filter(|(name, _)| name.as_str() != key);
    let kept: Baggage = kept
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    context.with_baggage(kept)
}

/// Adds those members of the current context's baggage to a scope whose keys are `allowed`: from there they come to every log
/// line. Longer values than a scope takes are cut, as all of them are.
///
/// ```
/// use omtx_context::Scope;
/// use omtx_tracing::{baggage, context};
/// use opentelemetry::Context;
///
/// let came = baggage::with(&baggage::with(&Context::new(), "tenant", "acme"), "admin", "1");
/// let scope = context::in_scope(&came, || baggage::fields(Scope::builder(), &["tenant", "plan"]).build());
/// assert_eq!(format!("{scope:?}"), r#"{"tenant": "acme"}"#);
/// ```
pub fn fields(scope: ScopeBuilder, allowed: &[&'static str]) -> ScopeBuilder {
    Context::map_current(|context| {
        let baggage = context.baggage();
        allowed.iter().fold(scope, |scope, &key| {
            scope.with_some(key, baggage.get(key).map(|value| value.as_str()))
        })
    })
}

fn copied(baggage: &Baggage) -> Baggage {
    baggage
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
