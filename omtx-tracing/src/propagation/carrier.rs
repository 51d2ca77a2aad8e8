//! What carries headers: HTTP's own map, by bytes, and whatever implements OpenTelemetry's carrier traits.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector};

pub(super) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
pub(super) static BAGGAGE: HeaderName = HeaderName::from_static("baggage");
pub(super) static B3: HeaderName = HeaderName::from_static("b3");
pub(super) static X_B3_TRACEID: HeaderName = HeaderName::from_static("x-b3-traceid");
pub(super) static X_B3_SPANID: HeaderName = HeaderName::from_static("x-b3-spanid");
pub(super) static X_B3_SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
pub(super) static X_B3_FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");

/// Where headers are read.
pub(super) trait Source {
    /// The values of a header, in their order.
    fn values<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]>;

    /// The value of a header that may be there once.
    fn single(&self, name: &HeaderName) -> Single<'_> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (None, _) => Single::Absent,
            (Some(value), None) => Single::Value(trim(value)),
            (Some(_), Some(_)) => Single::Repeated,
        }
    }
}

/// What is there of a header that may be there once.
pub(super) enum Single<'a> {
    Absent,
    /// Without the white space around it.
    Value(&'a [u8]),
    Repeated,
}

/// Where headers are written.
pub(super) trait Sink {
    /// In place of whatever the header was.
    fn put(&mut self, name: &HeaderName, value: String);

    /// Takes away what a former hop said, where a carrier can.
    fn remove(&mut self, name: &HeaderName);
}

impl Source for HeaderMap {
    fn values<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.get_all(name).into_iter().map(HeaderValue::as_bytes)
    }
}

impl Sink for HeaderMap {
    fn put(&mut self, name: &HeaderName, value: String) {
        // Writers write visible ASCII only, so this does not fail; and a header that cannot be sent is not sent.
        if let Ok(value) = HeaderValue::try_from(value) {
            self.insert(name, value);
        }
    }

    fn remove(&mut self, name: &HeaderName) {
        HeaderMap::remove(self, name);
    }
}

/// OpenTelemetry's carriers, of text.
pub(super) struct Carrier<C>(pub(super) C);

impl Source for Carrier<&dyn Extractor> {
    fn values<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        let values = self.0.get_all(name.as_str()).unwrap_or_default();
        values.into_iter().map(str::as_bytes)
    }
}

impl Sink for Carrier<&mut dyn Injector> {
    fn put(&mut self, name: &HeaderName, value: String) {
        self.0.set(name.as_str(), value);
    }

    fn remove(&mut self, _: &HeaderName) {}
}

/// Without optional white space (RFC 9110, section 5.6.3): spaces and tabs.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
