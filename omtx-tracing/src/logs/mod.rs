//! The log records of omtx-logging over OTLP.

mod record;
mod structured;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use omtx_logging::{Flushed, LogRecord, RecordSink};
use opentelemetry::{Context, InstrumentationScope};

use crate::export::{Pipeline, ScopeId, on_exporter_thread};
use crate::{DropReason, LogLimits, Signal, Telemetry};

/// Loggers that are told apart; records of further ones have the scope `other`. A program has few, but the `log` crate lets
/// it make up names.
pub const MAX_LOGGERS: usize = 1024;

/// Bytes of a logger's name at most; records of those with longer ones have the scope `other`, too.
pub const MAX_LOGGER_LEN: usize = 256;

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
/// Levels, rate limits, redaction and the limits on values are those of the lines. Attributes that go beyond [`LogLimits`] are left
/// out, and counted in the record.
pub struct LogExport {
    pipeline: Option<Pipeline>,
    scopes: ArcSwap<HashMap<Box<str>, ScopeId, RandomState>>,
    /// Of loggers that are not told apart.
    other: OnceLock<ScopeId>,
    options: Options,
    /// How much was exported when a flush last came to nothing, and one more; 0 if none did.
    stuck_at: AtomicU64,
}

/// What a record is to say.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    /// Where it was logged.
    source: bool,
    limits: LogLimits,
}

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
        // The pipeline and not the telemetry: a sink lives in the global subscriber, and must not keep the exporter running.
        LogExport::new(
            self.pipeline(Signal::Logs).cloned(),
            self.settings().log_limits,
        )
    }
}

impl LogExport {
    fn new(pipeline: Option<Pipeline>, limits: LogLimits) -> Self {
        Self {
            pipeline,
            scopes: ArcSwap::default(),
            other: OnceLock::new(),
            options: Options {
                source: false,
                limits,
            },
            stuck_at: AtomicU64::new(0),
        }
    }

    /// Whether records say where they were logged: `code.file.path` and `code.line.number`. They do not by default.
    #[must_use]
    pub fn source(mut self, source: bool) -> Self {
        self.options.source = source;
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
        let named = |name: &str| {
            let scope = InstrumentationScope::builder(name.to_owned());
            pipeline.scope(&scope.build())
        };
        if logger.len() > MAX_LOGGER_LEN || self.scopes.load().len() >= MAX_LOGGERS {
            return *self.other.get_or_init(|| named("other"));
        }
        let id = named(logger);
        self.scopes.rcu(|scopes| {
            let mut scopes = HashMap::clone(scopes);
            scopes.insert(logger.into(), id);
            scopes
        });
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
        if !pipeline.is_open() {
            // It would be dropped for the same reason, once it was encoded.
            pipeline.dropped(DropReason::Shutdown, 1);
            return;
        }
        let scope = self.scope(pipeline, record.logger());
        let push = |out: &mut Vec<u8>| {
            out.clear();
            record::encode(record, self.options, out);
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

    /// Waits for the collector to take the log records, and nothing else, unless it was found stuck before and has taken nothing
    /// since: a service whose handlers panic must not wait for a collector at each panic, nor have its registries read.
    fn flush(&self, deadline: Instant) -> Flushed {
        let Some(pipeline) = &self.pipeline else {
            return Flushed::default();
        };
        let exported = || pipeline.stats().exported;
        if self.stuck_at.load(Relaxed) != exported() + 1 {
            if pipeline.flush(deadline) {
                return Flushed::default();
            }
            self.stuck_at.store(exported() + 1, Relaxed);
        }
        let stats = pipeline.stats();
        Flushed::with_lines_left(stats.waiting_records + stats.in_flight_records)
    }
}

impl fmt::Debug for LogExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogExport")
            .field("exports", &self.pipeline.is_some())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
