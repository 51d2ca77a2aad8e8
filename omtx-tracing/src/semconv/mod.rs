//! OpenTelemetry's semantic conventions for HTTP, as far as servers and clients share them.

mod methods;
#[cfg(any(feature = "client", feature = "http", feature = "reqwest"))]
mod spans;

pub(crate) use methods::KnownMethods;
#[cfg(any(feature = "client", feature = "http", feature = "reqwest"))]
pub(crate) use spans::{Authority, Bounds, CapturedHeaders, Writer, redact, status_text};
#[cfg(any(feature = "client", feature = "http", feature = "reqwest"))]
pub use spans::{DEFAULT_REDACTED, MAX_VALUE_LEN};

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
