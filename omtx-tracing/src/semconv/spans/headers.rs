//! Headers that spans show because somebody asked for them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::SpanRef;
use opentelemetry::{Array, Key, KeyValue, StringValue, Value};

use super::Bounds;

/// Values kept of one header.
const MAX_VALUES: usize = 16;

/// What stands for a value that is a credential.
const REPLACEMENT: &str = "REDACTED";

/// The headers to capture, and the attributes that they become: `http.request.header.<name>`. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct CapturedHeaders(Arc<[CapturedHeader]>);

struct CapturedHeader {
    name: HeaderName,
    key: Key,
    is_credential: bool,
}

impl CapturedHeaders {
    pub(crate) fn of_requests(names: impl IntoIterator<Item = HeaderName>) -> Self {
        Self::new("http.request.header", names)
    }

    pub(crate) fn of_responses(names: impl IntoIterator<Item = HeaderName>) -> Self {
        Self::new("http.response.header", names)
    }

    fn new(prefix: &str, names: impl IntoIterator<Item = HeaderName>) -> Self {
        let captured = |name: HeaderName| CapturedHeader {
            key: Arc::<str>::from(format!("{prefix}.{name}")).into(),
            is_credential: [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE].contains(&name),
            name,
        };
        Self(names.into_iter().map(captured).collect())
    }

    /// Those that are there, each with its values. Whoever asks for a credential by its name has not meant it, and what its maker
    /// marked as sensitive is one under whatever name: both are there, and not shown.
    pub(super) fn of<'h>(
        &self,
        headers: &'h HeaderMap,
    ) -> impl Iterator<Item = (&Key, Vec<Cow<'h, str>>)> {
        self.0.iter().filter_map(|captured| {
            let shown =
                |value: &'h HeaderValue| match captured.is_credential || value.is_sensitive() {
                    true => REPLACEMENT.into(),
                    false => String::from_utf8_lossy(value.as_bytes()),
                };
            let values = headers.get_all(&captured.name).iter();
            let values: Vec<_> = values.take(MAX_VALUES).map(shown).collect();
            (!values.is_empty()).then_some((&captured.key, values))
        })
    }

    /// Sets the attributes of a span that is in a context already; how many values were cut.
    pub(crate) fn record(&self, span: &SpanRef<'_>, headers: &HeaderMap) -> u64 {
        let mut bounds = Bounds::default();
        for (key, values) in self.of(headers) {
            let kept = values
                .iter()
                .map(|value| StringValue::from(bounds.cut(value).to_owned()));
            let kept = Value::Array(Array::String(kept.collect()));
            span.set_attribute(KeyValue::new(key.clone(), kept));
        }
        bounds.cuts()
    }
}

impl fmt::Debug for CapturedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|captured| &captured.name);
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&'static str], headers: &HeaderMap, expected: &[(&str, &[&str])]) {
        let names = names.iter().map(|name| HeaderName::from_static(name));
        let captured = CapturedHeaders::of_requests(names);
        let found: Vec<_> = captured.of(headers).collect();
        let found: Vec<_> = found
            .iter()
            .map(|(key, values)| {
                let values: Vec<_> = values.iter().map(|value| &**value).collect();
                (key.as_str(), values)
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(key, values)| (*key, values.to_vec()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_what_is_asked_for_is_shown() {
        let mut headers = HeaderMap::new();
        headers.append("x-tenant", HeaderValue::from_static("acme"));
        headers.append("x-tenant", HeaderValue::from_static("umbrella"));
        headers.append("x-other", HeaderValue::from_static("no"));
        let tenants = ("http.request.header.x-tenant", &["acme", "umbrella"][..]);
        check(&["x-none", "x-tenant"], &headers, &[tenants]);
        check(&[], &headers, &[]);
    }

    #[test]
    fn credentials_are_not_shown_even_if_they_are_asked_for() {
        for name in [
            "authorization",
            "proxy-authorization",
            "cookie",
            "set-cookie",
        ] {
            let mut headers = HeaderMap::new();
            headers.append(name, HeaderValue::from_static("a"));
            headers.append(name, HeaderValue::from_static("b"));
            let key = format!("http.request.header.{name}");
            check(&[name], &headers, &[(&key, &["REDACTED", "REDACTED"])]);
        }
        let mut marked = HeaderValue::from_static("secret");
        marked.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.append("x-api-key", marked);
        headers.append("x-api-key", HeaderValue::from_static("public"));
        let expected = ("http.request.header.x-api-key", &["REDACTED", "public"][..]);
        check(&["x-api-key"], &headers, &[expected]);
    }

    #[test]
    fn of_a_header_without_end_the_first_values_are_kept() {
        let mut headers = HeaderMap::new();
        for _ in 0..100 {
            headers.append("x-tenant", HeaderValue::from_bytes(b"\xe4").unwrap());
        }
        let expected = ["\u{fffd}"; MAX_VALUES];
        check(
            &["x-tenant"],
            &headers,
            &[("http.request.header.x-tenant", &expected)],
        );
    }
}
