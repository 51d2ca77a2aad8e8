//! The log records of omtx-logging over OTLP.

mod record;
mod structured;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use omtx_logging::{Flushed, LogRecord, RecordSink};
use opentelemetry::{Context, InstrumentationScope};

use crate::export::{Pipeline, ScopeId, on_exporter_thread};
use crate::telemetry::WeakTelemetry;
use crate::{Signal, Telemetry};

/// Loggers that are told apart; records of further ones have the scope `other`. A program has few, but the `log` crate lets
/// it make up names.
pub const MAX_LOGGERS: usize = 1024;

/// More than this a thread does not keep for the next record.
const MAX_KEPT: usize = 64 << 10;

/// Exports what `omtx-logging` writes: made by [`Telemetry::log_sink`].
///
/// | of a line | in a record |
/// |---|---|
/// | severity | `severity_text`, and `severity_number`: DEBUG 5, INFO 9, WARNING 13, ERROR 17, CRITICAL 21 |
/// | logger | the name of the instrumentation scope |
/// | message | the body |
/// | `request_id`, `job_id` and what else the scope has | attributes of these names |
/// | fields of spans and of the event | attributes; dotted names stay as they are, structures become maps and arrays |
/// | a panic | `exception.type` (`panic`), `exception.message`, and with a backtrace `exception.stacktrace` |
/// | trace and span | `trace_id`, `span_id`, `flags` |
///
/// Levels, rate limits, redaction and the limits on values are those of the lines. Beyond [`MAX_ATTRIBUTES`] attributes the
/// rest is left out, and counted in the record.
pub struct LogExport {
    pipeline: Option<Pipeline>,
    /// Not the telemetry itself: a sink lives in the global subscriber, and must not keep the exporter running.
    telemetry: WeakTelemetry,
    scopes: ArcSwap<HashMap<Box<str>, ScopeId, RandomState>>,
    source: bool,
    /// How much was exported when a flush last came to nothing, and one more; 0 if none did.
    stuck_at: AtomicU64,
}

/// Attributes of one log record at most: 128, the default of `OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT`.
pub const MAX_ATTRIBUTES: u32 = 128;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Telemetry {
    /// What exports the log records of an `omtx_logging::Logging`.
    ///
    /// Where logs are not exported (no endpoint, or `OTEL_LOGS_EXPORTER` does not name one) it takes records and does nothing
    /// with them.
    ///
    /// ```
    /// use omtx_logging::Logging;
    /// use omtx_tracing::Telemetry;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let telemetry = Telemetry::builder("omtx-hub-api").build()?;
    /// let logging = Logging::builder("omtx-hub-api").records(telemetry.log_sink()).build()?;
    /// # drop(logging);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn log_sink(&self) -> LogExport {
        LogExport::new(self.pipeline(Signal::Logs).cloned(), self.downgrade())
    }
}

impl LogExport {
    fn new(pipeline: Option<Pipeline>, telemetry: WeakTelemetry) -> Self {
        Self {
            pipeline,
            telemetry,
            scopes: ArcSwap::default(),
            source: false,
            stuck_at: AtomicU64::new(0),
        }
    }

    /// Whether records say where they were logged: `code.file.path` and `code.line.number`. They do not by default.
    #[must_use]
    pub fn source(mut self, source: bool) -> Self {
        self.source = source;
        self
    }

    fn scope(&self, pipeline: &Pipeline, logger: &str) -> ScopeId {
        if let Some(id) = self.scopes.load().get(logger) {
            return *id;
        }
        self.new_scope(pipeline, logger)
    }

    #[cold]
    fn new_scope(&self, pipeline: &Pipeline, logger: &str) -> ScopeId {
        let full = self.scopes.load().len() >= MAX_LOGGERS;
        let name = if full { "other" } else { logger };
        let id = pipeline.scope(&InstrumentationScope::builder(name.to_owned()).build());
        if !full {
            self.scopes.rcu(|scopes| {
                let mut scopes = HashMap::clone(scopes);
                scopes.insert(logger.into(), id);
                scopes
            });
        }
        id
    }
}

impl RecordSink for LogExport {
    fn record(&self, record: &LogRecord<'_>) {
        let Some(pipeline) = &self.pipeline else {
            return;
        };
        // What the exporter's own HTTP stack logs would be exported, which it would log.
        if on_exporter_thread() || Context::is_current_telemetry_suppressed() {
            return;
        }
        pipeline.created(1);
        let scope = self.scope(pipeline, record.logger());
        let push = |out: &mut Vec<u8>| {
            out.clear();
            record::encode(record, self.source, out);
            pipeline.push(scope, out, 1);
        };
        let kept = BUFFER.try_with(|buffer| {
            // Taken out, in case something in here logs.
            let mut out = buffer.take();
            push(&mut out);
            if out.capacity() <= MAX_KEPT {
                buffer.replace(out);
            }
        });
        if kept.is_err() {
            push(&mut Vec::new()); // the thread is going away
        }
    }

    /// Waits for the collector, unless it was found stuck before and has taken nothing since: a service whose handlers
    /// panic must not wait for a collector at each panic.
    fn flush(&self, deadline: Instant) -> Flushed {
        let (Some(pipeline), Some(telemetry)) = (&self.pipeline, self.telemetry.upgrade()) else {
            return Flushed::default();
        };
        let exported = || pipeline.stats().exported;
        let left = || {
            let stats = pipeline.stats();
            Flushed::with_lines_left(stats.waiting_records + stats.in_flight_records)
        };
        if self.stuck_at.load(Relaxed) == exported() + 1 {
            return left();
        }
        if telemetry.flush(deadline.saturating_duration_since(Instant::now())) {
            return Flushed::default();
        }
        self.stuck_at.store(exported() + 1, Relaxed);
        left()
    }
}

impl fmt::Debug for LogExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogExport")
            .field("exports", &self.pipeline.is_some())
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
