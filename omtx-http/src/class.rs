//! What kind of exchange a response head announces.

use crate::Method;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

/// The kind of exchange, told from the response head.
///
/// A latency histogram wants [`Class::Unary`] (and [`Class::Grpc`]) only: an event stream lasts as long as its reader.
///
/// # Examples
///
/// ```
/// use omtx_http::Class;
///
/// assert_eq!(Class::Streaming.as_str(), "streaming");
/// assert_eq!(Class::default(), Class::Unary);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// An ordinary response; also what every exchange counts as until its head is known.
    #[default]
    Unary,
    /// A server-sent event stream (`text/event-stream`).
    Streaming,
    /// The connection was handed over: status 101, or a successful `CONNECT`. The exchange ends at its head.
    Upgrade,
    /// A gRPC response (`application/grpc`, `application/grpc+…`, `application/grpc-web…`).
    Grpc,
}

impl Class {
    /// The class in lower case, as a label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::Streaming => "streaming",
            Self::Upgrade => "upgrade",
            Self::Grpc => "grpc",
        }
    }

    pub(crate) fn of_head(method: Method, status: StatusCode, headers: &HeaderMap) -> Self {
        if status == StatusCode::SWITCHING_PROTOCOLS
            || (method == Method::Connect && status.is_success())
        {
            return Self::Upgrade;
        }
        headers
            .get(CONTENT_TYPE)
            .map_or(Self::Unary, |value| Self::of_media_type(value.as_bytes()))
    }

    fn of_media_type(value: &[u8]) -> Self {
        // Every response comes through here, nearly all of them unary: one letter tells that.
        let (named, class): (&[u8], _) = match value.get("application/".len()) {
            Some(b'g' | b'G') => (b"application/grpc", Self::Grpc),
            // The `t` of `stream`.
            Some(b't' | b'T') => (b"text/event-stream", Self::Streaming),
            _ => return Self::Unary,
        };
        let Some((head, rest)) = value.split_at_checked(named.len()) else {
            return Self::Unary;
        };
        let ends_there = match rest.first() {
            None | Some(b';' | b' ' | b'\t') => true,
            Some(b'+' | b'-') => class == Self::Grpc,
            Some(_) => false,
        };
        if ends_there && head.eq_ignore_ascii_case(named) {
            class
        } else {
            Self::Unary
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content_type: &str, expected: Class) {
        assert_eq!(
            Class::of_media_type(content_type.as_bytes()),
            expected,
            "{content_type:?}"
        );
    }

    #[test]
    fn the_class_follows_the_media_type() {
        check("text/event-stream", Class::Streaming);
        check("Text/Event-Stream; charset=utf-8", Class::Streaming);
        check("text/event-streams", Class::Unary);
        check("text/event-stream+xml", Class::Unary);
        check("text/event-st", Class::Unary);
        check("application/grpc", Class::Grpc);
        check("application/grpc+proto", Class::Grpc);
        check("application/GRPC-web+proto", Class::Grpc);
        check("application/grpc;v=1", Class::Grpc);
        check("application/grpcish", Class::Unary);
        check("application/g", Class::Unary);
        check("application/json", Class::Unary);
        check("", Class::Unary);
    }

    #[test]
    fn only_a_switch_or_a_successful_connect_is_an_upgrade() {
        let none = HeaderMap::new();
        assert_eq!(
            Class::of_head(Method::Get, StatusCode::SWITCHING_PROTOCOLS, &none),
            Class::Upgrade
        );
        assert_eq!(
            Class::of_head(Method::Connect, StatusCode::OK, &none),
            Class::Upgrade
        );
        assert_eq!(
            Class::of_head(Method::Connect, StatusCode::BAD_GATEWAY, &none),
            Class::Unary
        );
        assert_eq!(
            Class::of_head(Method::Get, StatusCode::OK, &none),
            Class::Unary
        );
    }
}
