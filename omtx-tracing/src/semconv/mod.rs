//! OpenTelemetry's semantic conventions for HTTP, as far as servers and clients share them.

mod query;

pub use query::DEFAULT_REDACTED;
pub(crate) use query::redact;

use http::Version;

/// `network.protocol.version`.
pub(crate) fn protocol_version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// The methods that `http.request.method` has by name: those of RFC 9110 and PATCH (RFC 5789).
pub(crate) fn known_method(method: &http::Method) -> Option<&'static str> {
    Some(match method.as_str() {
        "CONNECT" => "CONNECT",
        "DELETE" => "DELETE",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        "TRACE" => "TRACE",
        _ => return None,
    })
}
