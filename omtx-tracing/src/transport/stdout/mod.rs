//! `OTEL_TRACES_EXPORTER=console`: one line of JSON a record, for the developer who has no collector.
//!
//! ```json
//! {"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","name":"GET /","kind":"server","start":"2024-05-01T12:00:00.000000Z","duration_ms":1.25,"attributes":{"http.request.method":"GET"},"service":"omtx-hub-api","scope":"omtx-tracing"}
//! ```

mod json;
mod lines;

use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;

use super::{Answer, Transport};
use crate::Signal;

/// Writes what it is given as lines: to standard output by default, or to any writer.
///
/// A writer that blocks holds up the exporter's thread, and with it the other signals.
pub(crate) struct Stdout {
    writer: Box<dyn Write + Send>,
}

impl Stdout {
    pub(crate) fn new(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: Box::new(writer),
        }
    }

    fn print(&mut self, signal: Signal, request: &[u8]) -> Answer {
        let lines = match lines::lines(signal, request) {
            Ok(lines) => lines,
            Err(error) => {
                return Answer::refused(format!("the request cannot be decoded: {error}"));
            }
        };
        // In one piece, so that other writers' lines stay whole.
        let written = self.writer.write_all(lines.as_bytes());
        match written.and_then(|()| self.writer.flush()) {
            Ok(()) => Answer::Accepted {
                rejected: 0,
                message: None,
            },
            Err(error) => Answer::refused(format!("the output cannot be written to: {error}")),
        }
    }
}

impl Default for Stdout {
    fn default() -> Self {
        Self::new(io::stdout())
    }
}

impl Transport for Stdout {
    fn export<'a>(
        &'a mut self,
        signal: Signal,
        request: Bytes,
        _: Instant,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move { self.print(signal, &request) })
    }
}
