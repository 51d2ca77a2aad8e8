//! Where a request goes, as a span may say it.

use std::borrow::Cow;

#[cfg(feature = "client")]
use http::{HeaderValue, Uri};

use crate::Span;
use crate::encode::cut_bytes;
use crate::semconv::redact;

/// Bytes kept of a path and of a query.
const MAX_LEN: usize = 2048;

/// The parts of a URL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'u> {
    /// `None` for a request that says only the path: a layer further in knows the rest.
    pub(super) scheme: Option<&'u str>,
    /// With the brackets of an IPv6 address.
    pub(super) host: Option<&'u str>,
    /// Only where it is written.
    pub(super) port: Option<u16>,
    pub(super) has_credentials: bool,
    pub(super) path: &'u str,
    pub(super) query: Option<&'u str>,
}

impl<'u> Target<'u> {
    /// Of a request: its target, and where that has no host, its `Host` header, `host`.
    #[cfg(feature = "client")]
    pub(super) fn of(uri: &'u Uri, host: Option<&'u HeaderValue>) -> Self {
        let (host, port, has_credentials) = match uri.authority() {
            Some(authority) => (
                Some(authority.host()),
                authority.port_u16(),
                authority.as_str().contains('@'),
            ),
            None => match host.map(HeaderValue::to_str) {
                Some(Ok(host)) => split_port(host),
                _ => (None, None, false),
            },
        };
        Self {
            scheme: uri.scheme_str(),
            host,
            port,
            has_credentials,
            path: uri.path(),
            query: uri.query(),
        }
    }

    /// `server.address`: without brackets.
    pub(super) fn address(&self) -> Option<&'u str> {
        let host = self.host?;
        Some(
            host.strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'))
                .unwrap_or(host),
        )
    }

    /// `server.port`: that of the scheme where none is written.
    fn port(&self) -> Option<u16> {
        self.port.or(match self.scheme {
            Some("http") => Some(80),
            Some("https") => Some(443),
            _ => None,
        })
    }

    pub(super) fn record(&self, span: &mut Span, redacted: &[Cow<'static, str>]) {
        if let Some(address) = self.address() {
            span.attribute("server.address", address);
        }
        if let Some(port) = self.port() {
            span.attribute("server.port", port);
        }
        match self.full(redacted) {
            Some(url) => span.attribute("url.full", &*url),
            None => {
                span.attribute("url.path", cut_bytes(self.path, MAX_LEN));
                if let Some(query) = self.query(redacted) {
                    span.attribute("url.query", &*query);
                }
            }
        }
    }

    /// The URL without its secrets; `None` where scheme or host are not known here.
    fn full(&self, redacted: &[Cow<'static, str>]) -> Option<String> {
        let (scheme, host) = (self.scheme?, self.host?);
        let mut url = String::with_capacity(128);
        url.push_str(scheme);
        url.push_str("://");
        if self.has_credentials {
            // "username and password SHOULD be redacted and attribute's value SHOULD be https://REDACTED:REDACTED@…"
            url.push_str("REDACTED:REDACTED@");
        }
        url.push_str(host);
        if let Some(port) = self.port {
            url.push(':');
            url.push_str(itoa::Buffer::new().format(port));
        }
        url.push_str(cut_bytes(self.path, MAX_LEN));
        if let Some(query) = self.query(redacted) {
            url.push('?');
            url.push_str(&query);
        }
        Some(url)
    }

    fn query(&self, redacted: &[Cow<'static, str>]) -> Option<Cow<'u, str>> {
        // Cut first: a secret cannot be cut into something that is not seen to be one.
        Some(redact(cut_bytes(self.query?, MAX_LEN), redacted))
    }
}

/// A `Host` header: `host` or `host:port`, where an IPv6 address has brackets.
#[cfg(feature = "client")]
fn split_port(host: &str) -> (Option<&str>, Option<u16>, bool) {
    match host.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (Some(host), port.parse().ok(), false),
        _ => (Some(host), None, false),
    }
}

#[cfg(all(test, feature = "client"))]
mod tests {
    use super::*;
    use crate::semconv::DEFAULT_REDACTED;

    fn redacted() -> Vec<Cow<'static, str>> {
        DEFAULT_REDACTED.iter().map(|&name| name.into()).collect()
    }

    #[track_caller]
    fn check(
        uri: &str,
        host: Option<&'static str>,
        full: Option<&str>,
        at: (Option<&str>, Option<u16>),
    ) {
        let host = host.map(HeaderValue::from_static);
        let uri: Uri = uri.parse().unwrap();
        let target = Target::of(&uri, host.as_ref());
        assert_eq!(target.full(&redacted()).as_deref(), full);
        assert_eq!((target.address(), target.port()), at);
    }

    #[test]
    fn urls_are_written_without_their_secrets() {
        check(
            "https://api.example.com/jobs/7?sig=abc&q=1",
            None,
            Some("https://api.example.com/jobs/7?sig=REDACTED&q=1"),
            (Some("api.example.com"), Some(443)),
        );
        check(
            "http://ada:secret@api.example.com:8080/",
            None,
            Some("http://REDACTED:REDACTED@api.example.com:8080/"),
            (Some("api.example.com"), Some(8080)),
        );
        check(
            "http://[2001:db8::1]:8080/a",
            None,
            Some("http://[2001:db8::1]:8080/a"),
            (Some("2001:db8::1"), Some(8080)),
        );
        check(
            "ftp://example.com",
            None,
            Some("ftp://example.com/"),
            (Some("example.com"), None),
        );
    }

    #[test]
    fn a_request_without_a_host_has_that_of_its_header() {
        check(
            "/jobs/7",
            Some("api.example.com"),
            None,
            (Some("api.example.com"), None),
        );
        check("/jobs/7", Some("api:81"), None, (Some("api"), Some(81)));
        check("/jobs/7", Some("[::1]"), None, (Some("::1"), None));
        check("/jobs/7", Some("[::1]:81"), None, (Some("::1"), Some(81)));
        check("/jobs/7", None, None, (None, None));
    }

    #[test]
    fn a_url_without_end_is_cut() {
        let uri: Uri = format!(
            "http://example.com/{}?{}",
            "p".repeat(9000),
            "q".repeat(9000)
        )
        .parse()
        .unwrap();
        let full = Target::of(&uri, None).full(&redacted()).unwrap();
        assert_eq!(
            full.len(),
            "http://example.com".len() + MAX_LEN + 1 + MAX_LEN
        );
    }
}
