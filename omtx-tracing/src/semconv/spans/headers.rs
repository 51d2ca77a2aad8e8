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

    /// Those that are there, each with what is kept of its values.
    pub(super) fn of<'h>(
        &self,
        headers: &'h HeaderMap,
        bounds: &mut Bounds,
    ) -> impl Iterator<Item = (&Key, Vec<Cow<'h, str>>)> {
        self.0.iter().filter_map(|captured| {
            let all = headers.get_all(&captured.name).iter();
            let values = bounds.first(MAX_VALUES, all);
            let shown = |value| captured.shown(value, bounds);
            let values: Vec<_> = values.into_iter().map(shown).collect();
            (!values.is_empty()).then_some((&captured.key, values))
        })
    }

    /// Sets the attributes of a span that is in a context already; how many values were cut.
    pub(crate) fn record(&self, span: &SpanRef<'_>, headers: &HeaderMap) -> u64 {
        let mut bounds = Bounds::default();
        for (key, values) in self.of(headers, &mut bounds) {
            let values = values
                .into_iter()
                .map(|value| StringValue::from(value.into_owned()));
            let values = Value::Array(Array::String(values.collect()));
            span.set_attribute(KeyValue::new(key.clone(), values));
        }
        bounds.cuts()
    }
}

impl CapturedHeader {
    /// Whoever asks for a credential by its name has not meant it, and what its maker marked as sensitive is one under whatever
    /// name: that they are there is shown, and nothing else.
    fn shown<'h>(&self, value: &'h HeaderValue, bounds: &mut Bounds) -> Cow<'h, str> {
        if self.is_credential || value.is_sensitive() {
            return REPLACEMENT.into();
        }
        match String::from_utf8_lossy(value.as_bytes()) {
            Cow::Borrowed(text) => bounds.cut(text).into(),
            Cow::Owned(text) => bounds.cut(&text).to_owned().into(),
        }
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
    use crate::semconv::MAX_VALUE_LEN;

    #[track_caller]
    fn check(names: &[&'static str], headers: &HeaderMap, expected: &[(&str, &[&str])], cuts: u64) {
        let names = names.iter().map(|name| HeaderName::from_static(name));
        let captured = CapturedHeaders::of_requests(names);
        let mut bounds = Bounds::default();
        let found: Vec<_> = captured.of(headers, &mut bounds).collect();
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
        assert_eq!(bounds.cuts(), cuts);
    }

    #[test]
    fn only_what_is_asked_for_is_shown() {
        let mut headers = HeaderMap::new();
        headers.append("x-tenant", HeaderValue::from_static("acme"));
        headers.append("x-tenant", HeaderValue::from_static("umbrella"));
        headers.append("x-other", HeaderValue::from_static("no"));
        let tenants = ("http.request.header.x-tenant", &["acme", "umbrella"][..]);
        check(&["x-none", "x-tenant"], &headers, &[tenants], 0);
        check(&[], &headers, &[], 0);
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
            let expected = (&*key, &["REDACTED", "REDACTED"][..]);
            check(&[name], &headers, &[expected], 0);
        }
        let mut marked = HeaderValue::from_static("secret");
        marked.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.append("x-api-key", marked);
        headers.append("x-api-key", HeaderValue::from_static("public"));
        let expected = ("http.request.header.x-api-key", &["REDACTED", "public"][..]);
        check(&["x-api-key"], &headers, &[expected], 0);
    }

    #[test]
    fn values_and_lists_without_end_are_cut_and_each_cut_is_counted() {
        let mut headers = HeaderMap::new();
        for _ in 0..100 {
            headers.append("x-tenant", HeaderValue::from_bytes(b"\xe4").unwrap());
        }
        let expected = ["\u{fffd}"; MAX_VALUES];
        let expected = ("http.request.header.x-tenant", &expected[..]);
        check(&["x-tenant"], &headers, &[expected], 1);

        let long = "x".repeat(MAX_VALUE_LEN + 1);
        headers.insert("x-tenant", HeaderValue::from_str(&long).unwrap());
        let expected = ("http.request.header.x-tenant", &[&long[1..]][..]);
        check(&["x-tenant"], &headers, &[expected], 1);
    }
}
