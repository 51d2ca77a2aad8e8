use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

/// How OTLP travels: `OTEL_EXPORTER_OTLP_PROTOCOL`.
///
/// ```
/// assert_eq!(omtx_tracing::Protocol::HttpProtobuf.to_string(), "http/protobuf");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// gRPC over HTTP/2: `grpc`. Needs the feature `grpc`.
    Grpc,
    /// Protobuf over HTTP/1.1: `http/protobuf`. Needs the feature `http-protobuf`.
    HttpProtobuf,
    /// Lines for a developer on standard output: what [`Exporter::Console`](crate::Exporter::Console) uses.
    Stdout,
}

impl Protocol {
    /// As `OTEL_EXPORTER_OTLP_PROTOCOL` has it: `grpc` or `http/protobuf`; `stdout`, which no variable knows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::HttpProtobuf => "http/protobuf",
            Self::Stdout => "stdout",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where one signal goes, and how. Complete and checked: what a transport is made from.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) protocol: Protocol,
    /// gRPC: scheme and authority. HTTP: the whole URL of the signal, with its path.
    pub(crate) uri: Uri,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) gzip: bool,
    /// Of one attempt: `OTEL_EXPORTER_OTLP_TIMEOUT`.
    pub(crate) timeout: Duration,
    pub(crate) tls: Tls,
}

impl Endpoint {
    /// Standard output, which is reached without an address.
    pub(crate) fn stdout() -> Self {
        Self {
            protocol: Protocol::Stdout,
            uri: Uri::default(),
            headers: Vec::new(),
            gzip: false,
            timeout: super::DEFAULT_TIMEOUT,
            tls: Tls::default(),
        }
    }
}

/// PEM files of a TLS connection; the system's roots if there is no `ca`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
}
