//! What can be set, by builders and by the environment.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

/// How OTLP travels: `OTEL_EXPORTER_OTLP_PROTOCOL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// gRPC over HTTP/2.
    Grpc,
    /// Protobuf over HTTP/1.1.
    HttpProtobuf,
    /// Lines for a developer, on standard output.
    Stdout,
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

/// PEM files of a TLS connection; the system's roots if there is no `ca`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
}

/// The bounds of one signal's queue and batches: `OTEL_BSP_*`, `OTEL_BLRP_*`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batching {
    /// Records that wait; 2048 by default (`OTEL_BSP_MAX_QUEUE_SIZE`).
    pub(crate) max_queue_records: usize,
    /// Encoded bytes that wait; 8 MiB by default.
    pub(crate) max_queue_bytes: usize,
    /// Records of one request; 512 by default (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
    pub(crate) max_batch_records: usize,
    /// Encoded bytes of one request; 3 MiB by default, since gRPC servers take 4 MiB.
    pub(crate) max_batch_bytes: usize,
    /// A batch that is not full waits this long; 5 s by default (`OTEL_BSP_SCHEDULE_DELAY`).
    pub(crate) delay: Duration,
    /// All attempts of one batch together; 30 s by default (`OTEL_BSP_EXPORT_TIMEOUT`).
    pub(crate) export_timeout: Duration,
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            max_queue_records: 2048,
            max_queue_bytes: 8 << 20,
            max_batch_records: 512,
            max_batch_bytes: 3 << 20,
            delay: Duration::from_secs(5),
            export_timeout: Duration::from_secs(30),
        }
    }
}
