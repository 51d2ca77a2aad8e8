//! Headers of requests and of responses.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::meaning::words;

/// The exporter, the version and the language of OTLP's "User Agent".
const USER_AGENT: &str = concat!("omtx-tracing/", env!("CARGO_PKG_VERSION"), " (Rust)");

/// The headers of every request: those of the configuration, and the exporter's name if they have none.
pub(super) fn headers(
    configured: &[(HeaderName, HeaderValue)],
    content_type: &'static str,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in configured {
        let mut value = value.clone();
        value.set_sensitive(true);
        headers.append(name.clone(), value);
    }
    headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(USER_AGENT));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers
}

/// True if a response names this media type, or one of its family (`application/grpc+proto`).
pub(super) fn is_of_type(headers: &HeaderMap, expected: &str) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let value = value.as_bytes();
    let Some((start, rest)) = value.split_at_checked(expected.len()) else {
        return false;
    };
    start.eq_ignore_ascii_case(expected.as_bytes())
        && matches!(rest.first(), None | Some(b';' | b'+' | b' '))
}

/// A response's media type, to be shown.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.map(|value| String::from_utf8_lossy(value.as_bytes()));
    words(value.as_deref().unwrap_or("no content-type"))
}
