//! Lines that come from no `tracing` callsite: a panic's, and those of the `log` crate.

use std::fmt;

use crate::Severity;

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
pub(crate) enum RecordValue<'a> {
    Str(&'a str),
    U64(u64),
    I64(i64),
    F64(f64),
    Bool(bool),
    Display(&'a dyn fmt::Display),
    Debug(&'a dyn fmt::Debug),
}
