//! Contexts on the wire.

mod b3;
mod baggage;
mod carriers;
mod trace_context;

use http::{HeaderMap, HeaderName, HeaderValue};
use omtx_tracing::Propagators;
use opentelemetry::Context;

/// Headers in their order, repeated where a name is.
pub(crate) fn headers(pairs: &[(&str, &[u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_bytes(value).unwrap());
    }
    map
}

/// What goes out where `pairs` came in, as lines.
pub(crate) fn through(propagators: &Propagators, pairs: &[(&str, &[u8])]) -> Vec<String> {
    let context = propagators
        .extract_headers(&headers(pairs))
        .into_context(&Context::new());
    let mut out = HeaderMap::new();
    propagators.inject_headers(&context, &mut out);
    let mut lines: Vec<_> = out
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}
