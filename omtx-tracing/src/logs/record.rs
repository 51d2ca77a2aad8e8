//! One record as `opentelemetry/proto/logs/v1/logs.proto` has it.

use std::time::UNIX_EPOCH;

use omtx_logging::{FieldValue, LogRecord, Severity};

use super::{Options, structured};
use crate::LogLimits;
use crate::encode::value::{AttributeValue, attribute};
use crate::encode::wire;

/// The logger of the lines that `omtx_logging::PanicHook` writes.
const PANIC: &str = "panic";

/// `LogRecord.attributes`, as a key of the wire.
const ATTRIBUTES: u8 = 6 << 3 | 2;

/// OpenTelemetry, "Logs Data Model", "Severity Fields": the first number of each range.
const fn number(severity: Severity) -> u64 {
    match severity {
        Severity::Debug => 5,
        Severity::Info => 9,
        Severity::Warning => 13,
        Severity::Error => 17,
        Severity::Critical => 21,
    }
}

/// Writes the content of a `LogRecord` message.
pub(super) fn encode(record: &LogRecord<'_>, options: Options, out: &mut Vec<u8>) {
    let since = record.time().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
    wire::fixed64(1, nanos, out);
    wire::uint(2, number(record.severity()), out);
    wire::bytes(3, record.severity().as_str().as_bytes(), out);
    let message = record.message();
    if let Some(message) = &message {
        wire::message(5, out, |out| wire::bytes_always(1, message.as_bytes(), out));
    }

    let mut attributes = Attributes::new(out, options.limits);
    let panic = record.logger() == PANIC && record.severity() == Severity::Critical;
    if panic {
        attributes.put("exception.type", PANIC);
        attributes.put("exception.message", message.as_deref().unwrap_or_default());
    }
    if options.source {
        if let Some(file) = record.file() {
            attributes.put("code.file.path", file);
        }
        if let Some(line) = record.line() {
            attributes.put("code.line.number", line);
        }
    }
    if record.suppressed() > 0 {
        attributes.put(
            "suppressed",
            i64::try_from(record.suppressed()).unwrap_or(i64::MAX),
        );
    }
    if record.is_truncated() {
        attributes.put("truncated", true);
    }
    record.for_each_field(|name, value| {
        let name = match name {
            "panic.backtrace" if panic => "exception.stacktrace",
            name => name,
        };
        attributes.field(name, &value);
    });
    let dropped = attributes.dropped();

    wire::uint(7, dropped.into(), out);
    if let Some(trace) = record.trace() {
        wire::fixed32(8, trace.flags().bits().into(), out);
        wire::bytes(9, &trace.trace_id().to_bytes(), out);
        wire::bytes(10, &trace.span_id().to_bytes(), out);
    }
    wire::fixed64(11, nanos, out);
}

/// Writes attributes, as many as a record may have.
pub(super) struct Attributes<'a> {
    out: &'a mut Vec<u8>,
    limits: LogLimits,
    written: u32,
    dropped: u32,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, limits: LogLimits) -> Self {
        Self {
            out,
            limits,
            written: 0,
            dropped: 0,
        }
    }

    /// How many were left out.
    pub(super) fn dropped(&self) -> u32 {
        self.dropped
    }

    fn admit(&mut self) -> bool {
        let room = self.written < self.limits.attributes;
        if room {
            self.written += 1;
        } else {
            self.dropped += 1;
        }
        room
    }

    pub(super) fn put<'v>(&mut self, name: &str, value: impl Into<AttributeValue<'v>>) {
        if self.admit() {
            let limit = self.limits.value_length;
            attribute(ATTRIBUTES, name, value.into(), limit, self.out);
        }
    }

    /// A string that is none of the caller's, and is not cut: digits would be another number.
    fn put_as_it_is(&mut self, name: &str, value: &str) {
        if self.admit() {
            attribute(ATTRIBUTES, name, value.into(), usize::MAX, self.out);
        }
    }

    fn field(&mut self, name: &str, value: &FieldValue<'_>) {
        match value {
            FieldValue::Str(text) => self.put(name, &**text),
            FieldValue::Int(n) => self.put(name, *n),
            // OTLP has no unsigned integers: digits lose nothing.
            FieldValue::Uint(n) => self.put_as_it_is(name, &n.to_string()),
            FieldValue::Float(n) => self.put(name, *n),
            FieldValue::Bool(b) => self.put(name, *b),
            FieldValue::Json(json) => {
                if self.admit() {
                    structured::attribute(6, name, json, self.limits.value_length, self.out);
                }
            }
            // Null, and kinds of a later release.
            other => self.put(name, &*other.to_string()),
        }
    }
}
