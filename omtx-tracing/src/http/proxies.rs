//! What proxies say of the request that they passed on, as far as they are trusted.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

use super::ip::address;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// In which headers the trusted proxies write whom they speak for.
///
/// One kind only, since a proxy that writes one kind passes the other on as a client sent it.
///
/// ```text
/// X-Forwarded-For: 192.0.2.1, 10.0.0.1      Forwarded: for=192.0.2.1;proto=https;host=shop.example.org, for=10.0.0.1
/// X-Forwarded-Proto: https
/// X-Forwarded-Host: shop.example.org
/// ```
///
/// An address that is none (`unknown`, `_hidden`, or anything else) is nobody's: there is no `client.address` then. A scheme or a
/// host that is none is as if it were not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForwardedHeaders {
    /// `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`: nearly all proxies and load balancers. The default.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Rfc7239,
}

/// How many proxies stand between the clients and the service, and what they write.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Proxies {
    pub(super) trusted: u8,
    pub(super) headers: ForwardedHeaders,
}

/// What the outermost trusted proxy saw.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen<'r> {
    /// `None` if no proxy said anything, `Some(None)` if it hides the address (RFC 7239 section 6.3).
    pub(super) client: Option<Option<IpAddr>>,
    pub(super) scheme: Option<&'static str>,
    pub(super) host: Option<&'r str>,
}

impl Proxies {
    /// Every proxy adds to the right, so what the outermost of `trusted` proxies saw is that many elements from the right;
    /// whatever is further left came from outside.
    pub(super) fn seen<'r>(&self, headers: &'r HeaderMap) -> Seen<'r> {
        if self.trusted == 0 {
            return Seen::default();
        }
        match self.headers {
            ForwardedHeaders::XForwarded => Seen {
                client: self.element(headers, &X_FORWARDED_FOR).map(address),
                scheme: self.element(headers, &X_FORWARDED_PROTO).and_then(scheme),
                host: self.element(headers, &X_FORWARDED_HOST),
            },
            ForwardedHeaders::Rfc7239 => self
                .element(headers, &FORWARDED)
                .map_or_else(Seen::default, forwarded),
        }
    }

    /// The list element that the outermost trusted proxy wrote; the first one if there are fewer.
    fn element<'r>(&self, headers: &'r HeaderMap, name: &HeaderName) -> Option<&'r str> {
        let mut found = None;
        let mut left = self.trusted;
        for value in headers.get_all(name).iter().rev() {
            let mut rest = value.as_bytes();
            while left > 0 {
                let (before, element) = last_element(rest);
                let element = element.trim_ascii();
                // An empty element is none (RFC 9110 section 5.6.1.2). One that is no text says nothing, but it was written.
                if !element.is_empty() {
                    found = Some(std::str::from_utf8(element).unwrap_or_default());
                    left -= 1;
                }
                match before {
                    Some(before) => rest = before,
                    None => break,
                }
            }
        }
        found
    }
}

/// What is behind the last comma that is not in quotes, and what is before it.
fn last_element(list: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let mut quoted = false;
    for (at, &byte) in list.iter().enumerate().rev() {
        match byte {
            b'"' if at == 0 || list[at - 1] != b'\\' => quoted = !quoted,
            b',' if !quoted => return (Some(&list[..at]), &list[at + 1..]),
            _ => {}
        }
    }
    (None, list)
}

/// One element of `Forwarded`: `for=192.0.2.60;proto=http;host="example.com:8080"`.
fn forwarded(element: &str) -> Seen<'_> {
    let mut seen = Seen::default();
    for pair in element.split(';') {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let value = value.trim();
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value);
        match name.trim() {
            name if name.eq_ignore_ascii_case("for") => seen.client = Some(address(value)),
            name if name.eq_ignore_ascii_case("proto") => seen.scheme = scheme(value),
            name if name.eq_ignore_ascii_case("host") => seen.host = Some(value),
            _ => {}
        }
    }
    seen
}

/// As the attribute has it; proxies know no other schemes.
fn scheme(text: &str) -> Option<&'static str> {
    [
        ("http", "http"),
        ("https", "https"),
        ("ws", "http"),
        ("wss", "https"),
    ]
    .into_iter()
    .find_map(|(name, scheme)| text.eq_ignore_ascii_case(name).then_some(scheme))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[track_caller]
    fn client(trusted: u8, values: &[&str], expected: Option<Option<&str>>) {
        let proxies = Proxies {
            trusted,
            ..Proxies::default()
        };
        let headers = headers(&X_FORWARDED_FOR, values);
        let expected = expected.map(|address| address.map(|address| address.parse().unwrap()));
        assert_eq!(proxies.seen(&headers).client, expected, "{values:?}");
    }

    #[test]
    fn a_client_that_claims_an_address_is_not_believed() {
        client(0, &["6.6.6.6"], None);
        client(1, &["6.6.6.6, 192.0.2.1"], Some(Some("192.0.2.1")));
        client(1, &["6.6.6.6", "192.0.2.1"], Some(Some("192.0.2.1")));
        client(
            2,
            &["6.6.6.6, 192.0.2.1", "10.0.0.1"],
            Some(Some("192.0.2.1")),
        );
    }

    #[test]
    fn fewer_proxies_than_trusted_are_taken_as_they_are() {
        client(3, &["192.0.2.1, 10.0.0.1"], Some(Some("192.0.2.1")));
        client(1, &[], None);
        client(1, &["", " , "], None);
    }

    #[test]
    fn addresses_may_have_ports_and_brackets() {
        client(1, &["192.0.2.1:4711"], Some(Some("192.0.2.1")));
        client(1, &["2001:db8::1"], Some(Some("2001:db8::1")));
        client(1, &["[2001:db8::1]:4711"], Some(Some("2001:db8::1")));
        client(1, &["[2001:db8::1]"], Some(Some("2001:db8::1")));
        client(1, &["unknown"], Some(None));
        client(1, &["192.0.2.1; DROP TABLE"], Some(None));
    }

    #[test]
    fn what_is_more_than_an_address_and_a_port_is_nobodys() {
        for text in [
            "2001:db8::1:zzz",
            "[2001:db8::1]zzz",
            "[2001:db8::1]:zzz",
            "[2001:db8::1",
            "[192.0.2.1]:80",
            "192.0.2.1:",
            "192.0.2.1:+80",
            "192.0.2.1:123456",
            "192.0.2.1:80:81",
            "192.0.2.1:_",
            "192.0.2.1:_a b",
        ] {
            client(1, &[text], Some(None));
        }
        // An obfuscated port (RFC 7239 section 6.3).
        client(1, &["192.0.2.1:_gazonk-7"], Some(Some("192.0.2.1")));
        // Not even text: the proxy's own address is not the client's either.
        let proxies = Proxies {
            trusted: 1,
            ..Proxies::default()
        };
        let latin = HeaderValue::from_bytes(b"192.0.2.1, 10.0.0.\xb1").unwrap();
        let headers = HeaderMap::from_iter([(X_FORWARDED_FOR, latin)]);
        assert_eq!(proxies.seen(&headers).client, Some(None));
    }

    #[track_caller]
    fn rfc7239(trusted: u8, value: &str, expected: Seen<'_>) {
        let proxies = Proxies {
            trusted,
            headers: ForwardedHeaders::Rfc7239,
        };
        let headers = headers(&FORWARDED, &[value]);
        assert_eq!(proxies.seen(&headers), expected, "{value}");
    }

    /// The examples of RFC 7239 sections 4 and 7.1.
    #[test]
    fn forwarded_is_read_with_its_quotes() {
        let address = |text: &str| Some(Some(text.parse().unwrap()));
        rfc7239(
            1,
            "for=192.0.2.43, for=198.51.100.17;by=203.0.113.60;proto=HTTPS;host=example.com",
            Seen {
                client: address("198.51.100.17"),
                scheme: Some("https"),
                host: Some("example.com"),
            },
        );
        rfc7239(
            2,
            r#"For="[2001:db8:cafe::17]:4711", for="_gazonk""#,
            Seen {
                client: address("2001:db8:cafe::17"),
                ..Seen::default()
            },
        );
        rfc7239(
            1,
            r#"for=192.0.2.43, for="_gazonk";host="a,\",b""#,
            Seen {
                client: Some(None),
                scheme: None,
                host: Some(r#"a,\",b"#),
            },
        );
        rfc7239(1, "by=;;proto=gopher;=", Seen::default());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(
            trusted in 0_u8..4,
            values in proptest::collection::vec(proptest::collection::vec(any::<u8>().prop_filter("a header's", |byte| HeaderValue::from_bytes(&[*byte]).is_ok()), 0..60), 0..4),
            rfc in any::<bool>(),
        ) {
            let proxies = Proxies { trusted, headers: if rfc { ForwardedHeaders::Rfc7239 } else { ForwardedHeaders::XForwarded } };
            let headers: HeaderMap = [FORWARDED, X_FORWARDED_FOR, X_FORWARDED_PROTO, X_FORWARDED_HOST]
                .into_iter()
                .flat_map(|name| values.iter().map(move |value| (name.clone(), HeaderValue::from_bytes(value).unwrap())))
                .collect();
            proxies.seen(&headers);
        }

        #[test]
        fn what_stands_left_of_the_trusted_proxies_never_matters(
            forged in r#"[0-9a-z:.,"\\;= ]{0,80}"#, trusted in 1_u8..4,
        ) {
            let written: Vec<String> = (0..trusted).map(|proxy| format!("192.0.2.{proxy}")).collect();
            let value = format!("{forged}, {}", written.join(", "));
            let proxies = Proxies { trusted, ..Proxies::default() };
            let seen = proxies.seen(&headers(&X_FORWARDED_FOR, &[&value])).client;
            prop_assert_eq!(seen, Some(Some("192.0.2.0".parse().unwrap())));
        }
    }
}
