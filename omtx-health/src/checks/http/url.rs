//! Where to send a request, and how to name it without a secret.

use std::fmt;

use ::http::Uri;
use ::http::header::HeaderValue;
use ::http::uri::PathAndQuery;

use crate::Error;
use crate::checks::endpoint::{Endpoint, is_host};

#[derive(Debug)]
pub(super) struct Url {
    pub(super) https: bool,
    pub(super) endpoint: Endpoint,
    /// The `host` header: without the port that the scheme stands for.
    pub(super) host: HeaderValue,
    pub(super) path_and_query: PathAndQuery,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        // Neither what stands before an `@` nor a query string is shown.
        let invalid =
            |expectation| Error::invalid("URL", scrubbed(text).escape_debug(), expectation);
        let uri: Uri = text
            .parse()
            .map_err(|_| invalid("http://host:port/path or https://…"))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") if cfg!(feature = "tls") => true,
            Some("https") => {
                return Err(invalid("http://, or the feature `tls` of omtx-health"));
            }
            _ => return Err(invalid("http:// or https://")),
        };
        let authority = uri
            .authority()
            .ok_or_else(|| invalid("a host after http://"))?;
        if authority.as_str().contains('@') {
            let (scheme, host) = (uri.scheme_str().unwrap_or_default(), authority.host());
            return Err(Error::invalid(
                "URL",
                format_args!("{scheme}://***@{host}"),
                "no user or password in it, but an `authorization` header",
            ));
        }
        let bracketed = authority.host();
        let host = match bracketed
            .strip_prefix('[')
            .and_then(|it| it.strip_suffix(']'))
        {
            Some(ip) if ip.parse::<std::net::Ipv6Addr>().is_ok() => ip,
            None if is_host(bracketed) => bracketed,
            _ => return Err(invalid("a host after http://")),
        };
        let port = match (authority.port_u16(), https) {
            (Some(0), _) => return Err(invalid("a port from 1 to 65535")),
            (Some(port), _) => port,
            (None, _) if authority.as_str() != bracketed => {
                return Err(invalid("a port from 1 to 65535"));
            }
            (None, false) => 80,
            (None, true) => 443,
        };
        Ok(Self {
            https,
            endpoint: Endpoint::new(host, port),
            host: HeaderValue::from_str(authority.as_str())
                .map_err(|_| invalid("a host after http://"))?,
            path_and_query: uri
                .path_and_query()
                .cloned()
                .unwrap_or_else(|| PathAndQuery::from_static("/")),
        })
    }
}

/// Scheme, host, port and path. A query string may hold a token.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        let host = self.host.to_str().unwrap_or_default();
        write!(f, "{scheme}://{host}{}", self.path_and_query.path())
    }
}

/// What can be shown of a text that was meant to be a URL: nothing if there may be a password in it, and no query string.
fn scrubbed(text: &str) -> &str {
    match text.contains('@') {
        true => "***",
        false => text.split(['?', '#']).next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, &str, &str), &str>) {
        let parsed = Url::parse(text)
            .map(|url| {
                let host = url.host.to_str().unwrap().to_owned();
                (url.endpoint.to_string(), host, url.to_string())
            })
            .map_err(|error| error.to_string());
        let expected = expected
            .map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
            .map_err(str::to_owned);
        assert_eq!(parsed, expected, "{text}");
    }

    #[test]
    fn ports_have_defaults_and_queries_are_not_shown() {
        check("http://a", Ok(("a:80", "a", "http://a/")));
        check("http://a:81/x?key=1", Ok(("a:81", "a:81", "http://a:81/x")));
        check(
            "http://[::1]:81",
            Ok(("[::1]:81", "[::1]:81", "http://[::1]:81/")),
        );
        #[cfg(feature = "tls")]
        check("https://a/x", Ok(("a:443", "a", "https://a/x")));
    }

    #[test]
    fn what_is_refused_is_named_without_credentials() {
        check(
            "ftp://a",
            Err("invalid URL \"ftp://a\"; expected http:// or https://"),
        );
        check(
            "a:80",
            Err("invalid URL \"a:80\"; expected http:// or https://"),
        );
        check(
            "/x",
            Err("invalid URL \"/x\"; expected http:// or https://"),
        );
        check(
            "http://a:0/",
            Err("invalid URL \"http://a:0/\"; expected a port from 1 to 65535"),
        );
        check(
            "http://u:p@ss@a/?t=k",
            Err(
                "invalid URL \"http://***@a\"; expected no user or password in it, but an \
                 `authorization` header",
            ),
        );
        check(
            "http://u:p?ss@a/",
            Err("invalid URL \"***\"; expected a port from 1 to 65535"),
        );
        check(
            "http://u:secret@a/",
            Err(
                "invalid URL \"http://***@a\"; expected no user or password in it, but an \
                 `authorization` header",
            ),
        );
    }

    proptest! {
        #[test]
        fn no_error_tells_a_password_or_a_query(
            user in "[a-z:%/@ ]{0,6}",
            rest in "[a-z0-9:/\\[\\] ]{0,12}",
        ) {
            for scheme in ["http://", "https://", "", "x://", "://"] {
                let text = format!("{scheme}{user}:S3CRET@{rest}?token=S3CRET");
                if let Err(error) = Url::parse(&text) {
                    prop_assert!(!error.to_string().contains("S3CRET"), "{}", error);
                }
            }
        }
    }
}
