//! Which addresses may be called.
//!
//! A client that may name any address would make this service reach where the client cannot (server-side request
//! forgery): only hosts that the operator listed are called, by `http`, and without credentials.

use std::fmt;

use http::Uri;

/// Whether a callback may be called.
///
/// # Errors
///
/// When it is no plain `http` address of an allowed host; the error says what was expected.
pub fn allowed(callback: &str, hosts: &[String]) -> Result<Uri, CallbackError> {
    let refuse = |why| CallbackError {
        callback: callback.to_owned(),
        why,
    };
    let uri: Uri = callback
        .parse()
        .map_err(|_| refuse("an absolute http:// address"))?;
    let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refuse("an absolute http:// address"));
    };
    if authority.as_str().contains('@') {
        return Err(refuse("no user name or password in the address"));
    }
    // `http` lets anything behind the colon pass for an authority; what is no port is no address.
    let plain = match authority.port_u16() {
        Some(port) => format!("{}:{port}", authority.host()),
        None => authority.host().to_owned(),
    };
    if authority.as_str() != plain {
        return Err(refuse("an absolute http:// address"));
    }
    // The whole host, not its end: `example.org.evil.net` is not `example.org`.
    let host = authority.host().to_ascii_lowercase();
    let with_port = format!("{host}:{}", authority.port_u16().unwrap_or(80));
    if !hosts
        .iter()
        .any(|allowed| *allowed == host || *allowed == with_port)
    {
        return Err(refuse("a host that HUB_WEBHOOK_HOSTS lists"));
    }
    Ok(uri)
}

/// A callback that will not be called.
#[derive(Debug, PartialEq, Eq)]
pub struct CallbackError {
    callback: String,
    why: &'static str,
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid callback_url \"{}\"; expected {}",
            self.callback.escape_debug(),
            self.why
        )
    }
}

impl std::error::Error for CallbackError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(callback: &str, expected: Result<(), &str>) {
        let hosts = [
            "127.0.0.1".to_owned(),
            "hooks.example.org:9000".to_owned(),
            "[::1]".to_owned(),
        ];
        assert_eq!(
            allowed(callback, &hosts)
                .map(drop)
                .map_err(|error| error.why),
            expected
        );
    }

    #[test]
    fn only_plain_addresses_of_listed_hosts_are_called() {
        check("http://127.0.0.1:9999/done?x=1", Ok(()));
        check("http://[::1]/done", Ok(()));
        check("http://HOOKS.example.org:9000/", Ok(()));
        let host = "a host that HUB_WEBHOOK_HOSTS lists";
        check("http://hooks.example.org/", Err(host));
        check(
            "http://hooks.example.org:9000.evil.net/",
            Err("an absolute http:// address"),
        );
        check("http://127.0.0.1.evil.net/", Err(host));
        check("http://169.254.169.254/latest/meta-data", Err(host));
        check("http://2130706433/", Err(host));
        check(
            "http://127.0.0.1@evil.net/",
            Err("no user name or password in the address"),
        );
        check("https://127.0.0.1/", Err("an absolute http:// address"));
        check("file:///etc/passwd", Err("an absolute http:// address"));
        check("/relative", Err("an absolute http:// address"));
        check("", Err("an absolute http:// address"));
    }
}
