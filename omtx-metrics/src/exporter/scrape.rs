//! The answer to one scrape.

use std::time::Duration;

use bytes::Bytes;

use super::coding::Coding;

/// The answer to one scrape: a status, headers and a body, for whatever server there is.
///
/// ```
/// use omtx_metrics::{Exporter, Registry, ScrapeRequest};
///
/// let exporter = Exporter::new(&Registry::new());
/// let scrape = exporter.scrape_for(&ScrapeRequest::new().accept("text/plain"));
/// assert_eq!(scrape.status(), 200);
/// assert_eq!(
///     scrape.headers().collect::<Vec<_>>(),
///     [
///         ("content-type", "text/plain; version=0.0.4; charset=utf-8"),
///         ("vary", "accept, accept-encoding"),
///     ],
/// );
/// ```
#[derive(Debug, Clone)]
pub struct Scrape {
    status: Status,
    content_type: &'static str,
    coding: Coding,
    body: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    /// The bodies that are being sent hold as much memory as they may.
    Overloaded,
    /// Nobody came to make the scrape: it panicked, or the runtime is shutting down.
    #[cfg(feature = "axum")]
    Failed,
}

/// What a client that was turned away is told to wait. Bodies are sent in less, and scrapers come again later than that
/// anyway.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Scrape {
    pub(super) fn new(content_type: &'static str, coding: Coding, body: Bytes) -> Self {
        Self {
            status: Status::Ok,
            content_type,
            coding,
            body,
        }
    }

    /// An answer with an explanation, for whoever reads it.
    pub(super) fn refused(status: Status) -> Self {
        let text = match status {
            Status::Ok => "",
            Status::Overloaded => "too many scrapes are being sent; try again in a second\n",
            #[cfg(feature = "axum")]
            Status::Failed => {
                "the scrape was given up; the service is shutting down, or has a fault\n"
            }
        };
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            coding: Coding::Identity,
            body: Bytes::from_static(text.as_bytes()),
        }
    }

    /// The same body under another name: formats have versions that differ in nothing that is exposed here.
    #[cfg(feature = "axum")]
    pub(super) fn with_content_type(mut self, content_type: &'static str) -> Self {
        if self.status == Status::Ok {
            self.content_type = content_type;
        }
        self
    }

    #[cfg(feature = "axum")]
    pub(super) fn take_body(&mut self) -> Bytes {
        std::mem::take(&mut self.body)
    }

    pub(super) fn coding(&self) -> Coding {
        self.coding
    }

    pub(super) fn outcome(&self) -> Status {
        self.status
    }

    /// The HTTP status: 200; or 503 if the bodies that are being sent hold all the memory that
    /// [`max_bytes_in_flight`](crate::ExporterBuilder::max_bytes_in_flight) allows.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.status {
            Status::Ok => 200,
            Status::Overloaded => 503,
            #[cfg(feature = "axum")]
            Status::Failed => 500,
        }
    }

    /// The value for the `Content-Type` header. Prometheus 3 fails a scrape without it.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// The value for the `Content-Encoding` header; `None` if the body is not compressed, and the header is left out.
    #[must_use]
    pub fn content_encoding(&self) -> Option<&'static str> {
        self.coding.name()
    }

    /// How long the client should wait before it asks again; `None` where it was answered.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        (self.status == Status::Overloaded).then_some(RETRY_AFTER)
    }

    /// All headers that the answer needs besides `Content-Length`, in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let encoding = self.content_encoding();
        [
            Some(("content-type", self.content_type)),
            encoding.map(|encoding| ("content-encoding", encoding)),
            // A cache must not give one client what another asked for.
            Some(("vary", "accept, accept-encoding")),
            self.retry_after().map(|_| ("retry-after", "1")),
        ]
        .into_iter()
        .flatten()
    }

    /// The body. Its memory goes back to the exporter when the last clone is dropped.
    #[must_use]
    pub fn into_body(self) -> Bytes {
        self.body
    }
}
