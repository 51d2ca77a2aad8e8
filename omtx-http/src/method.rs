//! The request method as a closed set.

use std::fmt;

/// A request method from a closed set, safe to use as a metric label.
///
/// HTTP lets a client send any token as a method, so the text of a method is unbounded. Methods outside the set
/// become [`Method::Other`]. Comparison is case-sensitive, as [RFC 9110 section 9.1] says: `get` is not `GET`.
///
/// The set is closed: the methods of RFC 9110, `PATCH` (RFC 5789) and `QUERY` (draft-ietf-httpbis-safe-method-w-body).
///
/// [RFC 9110 section 9.1]: https://www.rfc-editor.org/rfc/rfc9110#section-9.1
///
/// # Examples
///
/// ```
/// use omtx_http::Method;
///
/// assert_eq!(Method::from(&http::Method::GET), Method::Get);
/// assert_eq!(Method::from(&http::Method::from_bytes(b"get")?).as_str(), "other");
/// # Ok::<_, http::method::InvalidMethod>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
    /// `CONNECT`
    Connect,
    /// `OPTIONS`
    Options,
    /// `TRACE`
    Trace,
    /// `PATCH`
    Patch,
    /// `QUERY`
    Query,
    /// Any other token.
    Other,
}

impl Method {
    /// Every value, in declaration order: the closed label set of a metric.
    pub const ALL: [Self; 11] = [
        Self::Get,
        Self::Head,
        Self::Post,
        Self::Put,
        Self::Delete,
        Self::Connect,
        Self::Options,
        Self::Trace,
        Self::Patch,
        Self::Query,
        Self::Other,
    ];

    /// The method as it is written on the wire; `other` for [`Method::Other`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
            Self::Patch => "PATCH",
            Self::Query => "QUERY",
            Self::Other => "other",
        }
    }
}

impl From<&http::Method> for Method {
    fn from(method: &http::Method) -> Self {
        match *method {
            http::Method::GET => Self::Get,
            http::Method::HEAD => Self::Head,
            http::Method::POST => Self::Post,
            http::Method::PUT => Self::Put,
            http::Method::DELETE => Self::Delete,
            http::Method::CONNECT => Self::Connect,
            http::Method::OPTIONS => Self::Options,
            http::Method::TRACE => Self::Trace,
            http::Method::PATCH => Self::Patch,
            // The `http` crate has no constant for it yet.
            ref extension if extension.as_str() == "QUERY" => Self::Query,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_method_survives_the_round_trip() {
        for method in Method::ALL {
            let parsed = http::Method::from_bytes(method.as_str().as_bytes()).unwrap();
            assert_eq!(Method::from(&parsed), method);
        }
    }

    #[test]
    fn methods_are_case_sensitive_and_strangers_are_other() {
        for text in ["get", "Post", "PROPFIND", "GETT", "X"] {
            let parsed = http::Method::from_bytes(text.as_bytes()).unwrap();
            assert_eq!(Method::from(&parsed), Method::Other, "{text}");
        }
    }
}
