//! `host:port`, from a target, a `Host` header or a proxy's.

/// A host and, if it was given, a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority<'r> {
    /// Without brackets.
    pub(crate) host: &'r str,
    pub(crate) port: Option<u16>,
}

/// A name in the DNS has at most 253 characters.
const MAX_HOST_LEN: usize = 255;

impl<'r> Authority<'r> {
    /// `None` for what is no authority: it came from a stranger.
    pub(crate) fn parse(text: &'r str) -> Option<Self> {
        // What comes before an `@` is a name and a password.
        let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']')?;
            if !rest.is_empty() && !rest.starts_with(':') {
                return None;
            }
            (host, rest.strip_prefix(':'))
        } else {
            match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        let port = match port {
            None | Some("") => None,
            // `parse` alone would take a sign.
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().ok()?)
            }
            Some(_) => return None,
        };
        let is_host = (1..=MAX_HOST_LEN).contains(&host.len())
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:".contains(&byte));
        is_host.then_some(Self { host, port })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, Option<u16>)>) {
        let expected = expected.map(|(host, port)| Authority { host, port });
        assert_eq!(Authority::parse(text), expected, "{text:?}");
    }

    #[test]
    fn hosts_come_with_and_without_ports() {
        check("example.com", Some(("example.com", None)));
        check("example.com:8080", Some(("example.com", Some(8080))));
        check("example.com:", Some(("example.com", None)));
        check("[::1]:8080", Some(("::1", Some(8080))));
        check("[::1]", Some(("::1", None)));
        check("ada:secret@example.com:1", Some(("example.com", Some(1))));
    }

    #[test]
    fn what_is_no_host_is_none() {
        for text in [
            "", ":80", "[::1", "[::1]x", "a b", "a/b", "a\"b", "h:+8", "h:99999", "h:8:9", "naïve",
        ] {
            check(text, None);
        }
        check(&"a".repeat(256), None);
    }

    proptest! {
        #[test]
        fn what_is_taken_needs_no_escape(text in any::<String>()) {
            if let Some(authority) = Authority::parse(&text) {
                prop_assert!(authority.host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'@'));
                prop_assert!(!authority.host.is_empty() && authority.host.len() <= MAX_HOST_LEN);
            }
        }
    }
}
