use std::fmt;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};

use super::Protocol;
use crate::Signal;

/// The collector's port for OTLP over gRPC, as registered with IANA; that for HTTP is 4318.
const GRPC_PORT: u16 = 4317;

/// Where a collector is, as it was written: checked as far as it can be without its protocol.
#[derive(Clone)]
pub(crate) struct Address {
    uri: Uri,
    /// The variable that it comes from.
    pub(crate) variable: Option<String>,
}

pub(crate) const EXPECTED: &str = "a URL like http://collector:4318, without user and password";

impl Address {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        // What stands before an @ is a secret in an address that will be in logs and error messages; a header is the place.
        let known = [None, Some("http"), Some("https")].contains(&uri.scheme_str());
        (known && !authority.as_str().contains('@') && !authority.host().is_empty()).then_some(
            Self {
                uri,
                variable: None,
            },
        )
    }

    /// Of a protocol that nobody chose: gRPC at its own port, else HTTP, as far as they are compiled in.
    pub(crate) fn protocol(&self) -> Protocol {
        default_protocol(self.uri.port_u16() == Some(GRPC_PORT))
    }

    /// What a transport connects to.
    ///
    /// A `general` address is for all signals: HTTP appends the path of the signal to it (protocol/exporter.md). An address
    /// without a scheme is good for gRPC only, which then has TLS unless it is `insecure`.
    pub(crate) fn resolve(
        &self,
        protocol: Protocol,
        signal: Signal,
        general: bool,
        insecure: bool,
    ) -> Result<Uri, &'static str> {
        let mut parts = self.uri.clone().into_parts();
        match protocol {
            Protocol::Grpc => {
                if parts.scheme.is_none() {
                    parts.scheme = Some(if insecure {
                        Scheme::HTTP
                    } else {
                        Scheme::HTTPS
                    });
                    parts.path_and_query = Some(PathAndQuery::from_static("/"));
                }
            }
            Protocol::HttpProtobuf | Protocol::Stdout => {
                if parts.scheme.is_none() {
                    return Err("a URL with http:// or https:// for OTLP over HTTP");
                }
                if general {
                    let base = self.uri.path().trim_end_matches('/');
                    let query = self.uri.query().map(|query| format!("?{query}"));
                    let path = format!("{base}/v1/{signal}{}", query.unwrap_or_default());
                    parts.path_and_query = Some(path.try_into().map_err(|_| EXPECTED)?);
                }
            }
        }
        Uri::from_parts(parts).map_err(|_| EXPECTED)
    }
}

/// Shows nothing that could be a secret, which a query may be.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.uri.scheme_str() {
            write!(f, "{scheme}://")?;
        }
        f.write_str(
            self.uri
                .authority()
                .map_or("", |authority| authority.as_str()),
        )?;
        f.write_str(self.uri.path())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The protocol of an address: HTTP, as the specification recommends, unless there is a reason for gRPC or no HTTP.
pub(crate) fn default_protocol(grpc_port: bool) -> Protocol {
    let grpc = cfg!(feature = "grpc") && (grpc_port || cfg!(not(feature = "http-protobuf")));
    if grpc {
        Protocol::Grpc
    } else {
        Protocol::HttpProtobuf
    }
}

/// The collector beside the service.
pub(crate) fn local(protocol: Protocol) -> Address {
    let uri = match protocol {
        Protocol::Grpc => Uri::from_static("http://localhost:4317/"),
        Protocol::HttpProtobuf | Protocol::Stdout => Uri::from_static("http://localhost:4318/"),
    };
    Address {
        uri,
        variable: None,
    }
}

/// What a warning may show of an address that could not be parsed: not what may be a password in it.
pub(crate) fn shown(text: &str) -> &str {
    if text.contains('@') || text.contains('?') {
        super::vars::HIDDEN
    } else {
        text
    }
}
