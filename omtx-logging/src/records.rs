//! What a line says, for those who need it as values and not as bytes.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use omtx_context::TraceContext;

use crate::encode::block::{Block, Slot};
use crate::encode::plan::Field;
use crate::encode::value::unescaped;
use crate::profile::Site;
use crate::{Flushed, Severity};

/// Takes what each line says, beside the [`Sink`](crate::Sink) that takes the line: an exporter of log records, as that of
/// `omtx-tracing`.
///
/// A record has passed everything that the line has: levels, rate limits, redaction, and the limits on values. It is there
/// also where the line is not: with [`sink(())`](crate::LoggingBuilder::sink) records are all there is.
///
/// A closure `Fn(&LogRecord<'_>)` is one.
///
/// ```
/// use std::sync::mpsc;
///
/// use omtx_logging::{Logging, Severity};
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// let (records, seen) = mpsc::channel();
/// let logging = Logging::builder("hub")
///     .sink(())
///     .records(move |record: &omtx_logging::LogRecord<'_>| {
///         let mut fields = Vec::new();
///         record.for_each_field(|key, value| fields.push(format!("{key}={value}")));
///         let _ = records.send((record.severity(), record.message().map(String::from), fields));
///     })
///     .build()?;
/// tracing::subscriber::with_default(logging.subscriber(), || {
///     tracing::warn!(performance.duration_ms = 12.5, cached = false, "slow \"query\"");
/// });
/// let (severity, message, fields) = seen.recv().unwrap();
/// assert_eq!((severity, message.as_deref()), (Severity::Warning, Some("slow \"query\"")));
/// assert_eq!(fields, ["performance.duration_ms=12.5", "cached=false"]);
/// # Ok(())
/// # }
/// ```
pub trait RecordSink: Send + Sync + 'static {
    /// Takes one record, on the thread that logs.
    ///
    /// It should not wait for a slow destination. If it panics, the record is lost to it, and nothing else is.
    fn record(&self, record: &LogRecord<'_>);

    /// Waits until all records so far are at their destination, or the deadline has passed. Called by
    /// [`Logging::flush`](crate::Logging::flush), and after the record of a panic.
    fn flush(&self, deadline: Instant) -> Flushed {
        let _ = deadline;
        Flushed::default()
    }
}

impl<F: Fn(&LogRecord<'_>) + Send + Sync + 'static> RecordSink for F {
    fn record(&self, record: &LogRecord<'_>) {
        self(record);
    }
}

impl<S: RecordSink + ?Sized> RecordSink for Arc<S> {
    fn record(&self, record: &LogRecord<'_>) {
        S::record(self, record);
    }

    fn flush(&self, deadline: Instant) -> Flushed {
        S::flush(self, deadline)
    }
}

/// What one line says. Everything is borrowed from the thread's buffers, and read only where it is asked for.
pub struct LogRecord<'a> {
    pub(crate) severity: Severity,
    pub(crate) since_epoch: Duration,
    pub(crate) site: Site<'a>,
    /// As a JSON string.
    pub(crate) message: Option<&'a [u8]>,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) suppressed: u64,
    pub(crate) truncated: bool,
    /// Of the scope, and of the spans.
    pub(crate) blocks: [&'a Block; 2],
    pub(crate) fields: &'a [Arc<Field>],
    pub(crate) slots: &'a [Slot],
    /// What the slots point into.
    pub(crate) values: &'a [u8],
}

impl LogRecord<'_> {
    /// How severe it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// When it was logged, by the clock of the logging.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        UNIX_EPOCH
            .checked_add(self.since_epoch)
            .unwrap_or(UNIX_EPOCH)
    }

    /// Who logged: the event's target, or that of a record of the `log` crate.
    #[must_use]
    pub fn logger(&self) -> &str {
        self.site.logger
    }

    /// The callsite's module path.
    #[must_use]
    pub fn module(&self) -> Option<&str> {
        self.site.module
    }

    /// The callsite's source file.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.site.file
    }

    /// The callsite's line in its file.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.site.line
    }

    /// The message; `None` if the event has none.
    #[must_use]
    pub fn message(&self) -> Option<Cow<'_, str>> {
        match FieldValue::read(self.message?) {
            FieldValue::Str(text) => Some(text),
            other => Some(Cow::Owned(other.to_string())),
        }
    }

    /// Where it is in a trace.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        self.trace
    }

    /// How many lines of the same callsite a [`RateLimit`](crate::RateLimit) has left out before this one.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.suppressed
    }

    /// Whether a value was cut, or left out, because it was too long.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Calls `take` for each field but the message: those of the scope, of the spans from outside in, then the event's own.
    ///
    /// Names are as the program has them, dots included, whatever the profile makes of them in lines. No name comes twice:
    /// what is further in wins.
    pub fn for_each_field(&self, mut take: impl FnMut(&str, FieldValue<'_>)) {
        let [scope, spans] = self.blocks;
        for (name, value) in scope.fields() {
            if !self.has_own(name) && !spans.has(name) {
                take(name, FieldValue::read(value));
            }
        }
        for (name, value) in spans.fields() {
            if !self.has_own(name) {
                take(name, FieldValue::read(value));
            }
        }
        for (at, slot) in self.slots.iter().enumerate() {
            let name = self.name(slot);
            let again = self.slots[at + 1..]
                .iter()
                .any(|later| self.name(later) == name);
            if !again {
                let value = &self.values[slot.start as usize..slot.end as usize];
                take(name, FieldValue::read(value));
            }
        }
    }

    fn name(&self, slot: &Slot) -> &str {
        &self.fields[slot.field as usize].key.name
    }

    fn has_own(&self, name: &str) -> bool {
        self.slots.iter().any(|slot| self.name(slot) == name)
    }
}

impl fmt::Debug for LogRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogRecord")
            .field("severity", &self.severity)
            .field("logger", &self.site.logger)
            .field("message", &self.message())
            .finish_non_exhaustive()
    }
}

/// The value of a field of a [`LogRecord`]. `Display` is the text of a text, and JSON for everything else.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldValue<'a> {
    /// A text; also what `Debug` or `Display` wrote, bytes in hexadecimal, and integers of more than 64 bits.
    Str(Cow<'a, str>),
    /// An integer.
    Int(i64),
    /// An integer above [`i64::MAX`].
    Uint(u64),
    /// A number.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// A number that is not finite.
    Null,
    /// A structure, from `omtx_logging::json`: the text of a JSON object or array.
    Json(&'a str),
}

impl<'a> FieldValue<'a> {
    /// Reads a value that this crate wrote into a line.
    fn read(json: &'a [u8]) -> Self {
        let text = std::str::from_utf8(json).unwrap_or_default(); // it is: lines are
        match json.first() {
            Some(b'"') => unescaped(text).map_or(Self::Json(text), Self::Str),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'-' | b'0'..=b'9') => Self::number(text),
            Some(b'{' | b'[') => Self::Json(text),
            _ => Self::Null,
        }
    }

    fn number(text: &'a str) -> Self {
        if let Ok(n) = text.parse() {
            Self::Int(n)
        } else if let Ok(n) = text.parse() {
            Self::Uint(n)
        } else {
            text.parse().map_or(Self::Json(text), Self::Float)
        }
    }
}

impl fmt::Display for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) => f.pad(text),
            Self::Int(n) => fmt::Display::fmt(n, f),
            Self::Uint(n) => fmt::Display::fmt(n, f),
            Self::Float(n) => fmt::Display::fmt(n, f),
            Self::Bool(b) => fmt::Display::fmt(b, f),
            Self::Null => f.pad("null"),
            Self::Json(json) => f.pad(json),
        }
    }
}

/// A record sink is foreign code: its panic must not become the application's.
#[inline(never)]
pub(crate) fn hand_over(sink: &dyn RecordSink, record: &LogRecord<'_>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| sink.record(record))) {
        std::mem::forget(payload); // its destructor may panic in turn
    }
}
