//! How a request gets to a collector, and what the answer means.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::Signal;

/// Takes encoded `Export…ServiceRequest` messages to a collector. Lives on the exporter's own thread and runtime.
pub(crate) trait Transport: Send {
    /// One attempt, over at `deadline`. It neither retries nor counts: that is the exporter's part.
    fn export<'a>(
        &'a mut self,
        signal: Signal,
        request: Bytes,
        deadline: Instant,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;
}

/// What became of one attempt.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Taken, but for `rejected` records of it (OTLP, "Partial Success").
    Accepted {
        rejected: u64,
        message: Option<String>,
    },
    /// Not taken; another attempt may succeed, `after` this long if the collector said so.
    Retry {
        after: Option<Duration>,
        cause: String,
    },
    /// Not taken, and it never will be.
    Refused { cause: String },
    /// It was sent, perhaps in part, and no answer of the collector's own came: nobody knows whether it was taken. Another
    /// attempt may succeed, `after` this long if a gateway said so.
    Unknown {
        after: Option<Duration>,
        cause: String,
    },
}
