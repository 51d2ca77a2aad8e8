//! Lines that come from no `tracing` callsite: a panic's, and those of the `log` crate.

use std::fmt;

use crate::Severity;
use crate::encode::recorder::Recorder;

/// One such line, before it is encoded.
pub(crate) struct Record<'a> {
    pub(crate) severity: Severity,
    /// What the line's `logger` says.
    pub(crate) logger: &'a str,
    pub(crate) message: fmt::Arguments<'a>,
    pub(crate) module: Option<&'a str>,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    /// Dotted keys nest, reserved ones move, as those of events do.
    pub(crate) fields: &'a [(&'a str, RecordValue<'a>)],
}

/// The value of a record's field.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "log"), allow(dead_code))] // what panics have no need of
pub(crate) enum RecordValue<'a> {
    Str(&'a str),
    U64(u64),
    I64(i64),
    F64(f64),
    Bool(bool),
    Display(&'a dyn fmt::Display),
}

impl Record<'_> {
    /// Gives the message, then the fields: in the order in which the plan of the record has them.
    pub(crate) fn hand_over(&self, recorder: &mut Recorder<'_>) {
        recorder.put(0, |writer| writer.debug(&self.message));
        for (at, (_, value)) in self.fields.iter().enumerate() {
            recorder.put(at + 1, |writer| match value {
                RecordValue::Str(text) => writer.text(text),
                RecordValue::U64(n) => writer.integer(*n),
                RecordValue::I64(n) => writer.integer(*n),
                RecordValue::F64(n) => writer.float(*n),
                RecordValue::Bool(b) => writer.bool(*b),
                RecordValue::Display(value) => writer.debug(&format_args!("{value}")),
            });
        }
    }
}
