//! Where a request goes, as a span may say it.

use std::borrow::Cow;

#[cfg(feature = "client")]
use http::{HeaderValue, Uri};

#[cfg(feature = "client")]
use crate::semconv::Authority;
use crate::semconv::{Bounds, Writer, redact};

/// The parts of a URL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'u> {
    /// `None` for a request that says only the path: a layer further in knows the rest.
    pub(super) scheme: Option<&'u str>,
    /// With the brackets of an IPv6 address, if a URL says it.
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
            None => {
                let host = host.and_then(|host| Authority::parse(host.to_str().ok()?));
                (host.map(|at| at.host), host.and_then(|at| at.port), false)
            }
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

    pub(super) fn record(&self, writer: &mut Writer<'_>, redacted: &[Cow<'static, str>]) {
        if let Some(address) = self.address() {
            writer.put("server.address", address);
        }
        if let Some(port) = self.port() {
            writer.put("server.port", port);
        }
        match self.full(redacted, &mut writer.bounds) {
            Some(url) => writer.put("url.full", &*url),
            None => {
                writer.text("url.path", self.path);
                if let Some(query) = self.query(redacted, &mut writer.bounds) {
                    writer.put("url.query", &*query);
                }
            }
        }
    }

    /// The URL without its secrets; `None` where scheme or host are not known here.
    fn full(&self, redacted: &[Cow<'static, str>], bounds: &mut Bounds) -> Option<String> {
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
        url.push_str(bounds.cut(self.path));
        if let Some(query) = self.query(redacted, bounds) {
            url.push('?');
            url.push_str(&query);
        }
        Some(url)
    }

    fn query(&self, redacted: &[Cow<'static, str>], bounds: &mut Bounds) -> Option<Cow<'u, str>> {
        // Cut first: a secret cannot be cut into something that is not seen to be one.
        Some(redact(bounds.cut(self.query?), redacted))
    }
}

#[cfg(all(test, feature = "client"))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::semconv::{DEFAULT_REDACTED, MAX_VALUE_LEN};

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
        let url = target.full(&redacted(), &mut Bounds::default());
        assert_eq!(url.as_deref(), full);
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
        check("/jobs/7", Some("::1"), None, (None, None));
        check("/jobs/7", Some("a b"), None, (None, None));
    }

    proptest! {
        #[test]
        fn no_credential_and_no_signature_is_shown(
            user in "[a-z]{0,5}(:SECRET[!$&'()*+,;=%2F]{0,5})?",
            host in "[a-z]{1,9}|\\[::1\\]",
            path in "(/[a-z:@]{0,5}){0,3}",
            before in "([a-z]{1,3}=[a-z%&?]{0,5}&)?",
            name in "(s|%73)(i|%69)(g|%67|%47)",
            value in "[a-z=?:@/]{0,5}SECRET[a-z=?:@/]{0,5}",
        ) {
            let uri = format!("https://{user}@{host}{path}?{before}{name}={value}");
            let uri: Uri = uri.parse().unwrap();
            let full = Target::of(&uri, None).full(&redacted(), &mut Bounds::default()).unwrap();
            prop_assert!(!full.contains("SECRET"), "{full}");
            prop_assert!(full.starts_with(&format!("https://REDACTED:REDACTED@{host}/")), "{full}");
            prop_assert!(full.ends_with(&format!("?{before}{name}=REDACTED")), "{full}");
        }
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
        let mut bounds = Bounds::default();
        let full = Target::of(&uri, None).full(&redacted(), &mut bounds);
        let expected = "http://example.com".len() + MAX_VALUE_LEN + 1 + MAX_VALUE_LEN;
        assert_eq!(full.unwrap().len(), expected);
        assert_eq!(bounds.cuts(), 2);
    }
}
