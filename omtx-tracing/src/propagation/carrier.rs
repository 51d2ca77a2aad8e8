//! What carries headers: HTTP's own map, by bytes, and whatever implements OpenTelemetry's carrier traits.

use http::{HeaderMap, HeaderName, HeaderValue, header};
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

/// Headers, and which of those that are read here are surely not among them: most requests have one of them, or none.
pub(super) struct Headers<'h> {
    map: &'h HeaderMap,
    /// The [bits](bit) of all names.
    names: u64,
}

impl<'h> Headers<'h> {
    #[inline]
    pub(super) fn new(map: &'h HeaderMap) -> Self {
        let names = map.keys().fold(0, |names, name| names | bit(name));
        Self { map, names }
    }
}

/// One bit of 64 for a name. Names of one length and first letter share theirs, and so do some others; those of W3C Trace Context
/// and Baggage with none that servers are commonly sent.
#[inline]
fn bit(name: &HeaderName) -> u64 {
    let name = name.as_str().as_bytes();
    let first = usize::from(name.first().copied().unwrap_or_default());
    1 << ((name.len() * 33 + first) % 64)
}

/// A lookup hashes the name, byte for byte, and takes as long as to look at this many others.
const FEW: usize = 16;

/// The values of one header.
enum Values<'h, 'n> {
    None,
    Few(header::Iter<'h, HeaderValue>, &'n HeaderName),
    Many(header::ValueIter<'h, HeaderValue>),
}

impl<'h> Iterator for Values<'h, '_> {
    type Item = &'h [u8];

    #[inline]
    fn next(&mut self) -> Option<&'h [u8]> {
        let value = match self {
            Self::None => None,
            Self::Few(all, name) => all.find(|(other, _)| other == name).map(|(_, value)| value),
            Self::Many(values) => values.next(),
        };
        value.map(HeaderValue::as_bytes)
    }
}

impl Source for Headers<'_> {
    #[inline]
    fn values<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        if self.names & bit(name) == 0 {
            Values::None
        } else if self.map.keys_len() <= FEW {
            Values::Few(self.map.iter(), name)
        } else {
            Values::Many(self.map.get_all(name).into_iter())
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const READ: [&HeaderName; 8] = [
        &TRACEPARENT,
        &TRACESTATE,
        &BAGGAGE,
        &B3,
        &X_B3_TRACEID,
        &X_B3_SPANID,
        &X_B3_SAMPLED,
        &X_B3_FLAGS,
    ];

    #[test]
    fn common_headers_cost_no_lookup_of_another() {
        let common = "accept accept-encoding accept-language authorization cache-control connection content-encoding \
            content-length content-type cookie forwarded host if-modified-since if-none-match keep-alive origin pragma \
            priority referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site te \
            transfer-encoding upgrade user-agent via x-amzn-trace-id x-cloud-trace-context x-correlation-id \
            x-envoy-attempt-count x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port \
            x-forwarded-proto x-real-ip x-request-id";
        for name in common.split_whitespace() {
            let other = HeaderName::from_static(name);
            for read in &READ[..3] {
                assert_ne!(bit(&other), bit(read), "{other} {read}");
            }
        }
    }

    proptest! {
        #[test]
        fn headers_are_found_among_others(sent in proptest::collection::vec(("[a-z][a-z0-9-]{0,12}", any::<Option<u8>>()), 0..40)) {
            let mut map = HeaderMap::new();
            for (nth, (name, read)) in sent.iter().enumerate() {
                let name = match read {
                    Some(read) => READ[usize::from(*read) % READ.len()].clone(),
                    None => HeaderName::try_from(name.as_str()).unwrap(),
                };
                map.append(name, HeaderValue::from(nth));
            }
            for name in READ {
                let headers = Headers::new(&map);
                let found: Vec<_> = headers.values(name).collect();
                let expected: Vec<_> = map.get_all(name).iter().map(HeaderValue::as_bytes).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
