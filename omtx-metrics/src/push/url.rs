//! Where a Pushgateway is.

use std::fmt;

use ureq::http::Uri;

use super::authorization::Authorization;
use crate::Error;

const EXPECTATION: &str = if cfg!(feature = "push-tls") {
    "http://host:port or https://host:port, with a path if there is a prefix"
} else {
    "http://host:port, with a path if there is a prefix (https:// needs the feature \"push-tls\")"
};

/// The address up to `/metrics`, and the credentials that were in it.
pub(super) fn parse(text: &str) -> Result<(String, Option<Authorization>), Error> {
    let refuse = || Error::invalid("Pushgateway URL", Redacted(text), EXPECTATION);
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}") // as client_golang does with `host:port`
    };
    let (scheme, rest) = with_scheme.split_once("://").ok_or_else(refuse)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (credentials, host) = match authority.rsplit_once('@') {
        Some((credentials, host)) => (Some(credentials), host),
        None => (None, authority),
    };
    let path = rest[authority.len()..].trim_end_matches('/');
    let supported = scheme == "http" || (scheme == "https" && cfg!(feature = "push-tls"));
    if !supported || host.is_empty() || path.contains(['?', '#', '@']) {
        return Err(refuse());
    }
    let url = format!("{scheme}://{host}{path}");
    let uri: Uri = url.parse().map_err(|_| refuse())?;
    uri.host()
        .filter(|host| !host.is_empty())
        .ok_or_else(refuse)?;
    if uri.authority().is_some_and(|authority| {
        let port = authority.as_str().rsplit_once(':').map(|(_, port)| port);
        port.is_some_and(|port| !port.ends_with(']') && authority.port_u16().is_none())
    }) {
        return Err(refuse());
    }
    let credentials = credentials.map(|text| {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let user = percent_decoded(user).ok_or_else(refuse)?;
        let password = percent_decoded(password).ok_or_else(refuse)?;
        Ok(Authorization::Basic { user, password })
    });
    Ok((url, credentials.transpose()?))
}

/// `text` with its `%XX` decoded; `None` if one is malformed, or the outcome is not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let value = digit()? * 16 + digit()?;
        out.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(out).ok()
}

/// A URL, or what was meant to be one, without what might be credentials: all up to the last `@`.
pub(super) struct Redacted<'a>(pub(super) &'a str);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.rsplit_once('@') {
            Some((_, rest)) => write!(f, "***@{rest}"),
            None => f.write_str(self.0),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_url_is_an_address_with_an_optional_prefix() {
        for (text, expected) in [
            ("http://push:9091", "http://push:9091"),
            ("push:9091", "http://push:9091"),
            ("http://push/", "http://push"),
            ("http://push:9091/a/b//", "http://push:9091/a/b"),
            ("http://[::1]:9091", "http://[::1]:9091"),
            ("http://[::1]", "http://[::1]"),
            ("http://u:p@push:9091/a", "http://push:9091/a"),
        ] {
            assert_eq!(parse(text).unwrap().0, expected, "{text}");
        }
    }

    #[test]
    fn credentials_are_taken_out_and_decoded() {
        let (_, credentials) = parse("http://u%40x:p%3Aw%2F@push").unwrap();
        let header = credentials.unwrap().header().unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic dUB4OnA6dy8="); // u@x:p:w/
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_credentials() {
        for text in [
            "",
            "http://",
            "http://:9091",
            "ftp://u:secret@push",
            "http://u:secret@push/?a=b",
            "http://u:secret@push/#a",
            "http://u:se/cret@push",
            "http://u:se%zzcret@push",
            "http://u:secret@pu sh",
            "http://u:secret@push:99999",
            "http://u:secret@push:x",
            "u:secret@",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.is_invalid(), "{text}");
            let message = error.to_string();
            assert!(
                message.starts_with("invalid Pushgateway URL \""),
                "{message}"
            );
            assert!(!message.contains("cret"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_or_shows_what_is_before_an_at(text in "(http://)?[a-z:/?#@%\\[\\]]{0,12}SECRET@[a-z:/@%]{0,8}") {
            match parse(&text) {
                Ok((url, _)) => prop_assert!(!url.contains("SECRET")),
                Err(error) => prop_assert!(!error.to_string().contains("SECRET")),
            }
        }
    }
}
