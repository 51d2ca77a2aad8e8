//! An event's own values, as `tracing` hands them over.

use std::error::Error as StdError;
use std::fmt;

use tracing_core::field::{Field, Visit};

use super::block::Slot;
use super::plan::Plan;
use super::value::{Outcome, Rewriter, ValueWriter};
use crate::Redact;

/// Encodes each value where it goes: the message into the line, the others into a buffer of their own.
pub(crate) struct Recorder<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) redact: Option<&'a dyn Redact>,
    /// Whether it has anything to say about texts.
    pub(crate) rewrites_texts: bool,
    pub(crate) line: &'a mut Vec<u8>,
    pub(crate) fields: &'a mut Vec<u8>,
    /// Whether keys are written before their values; if not, they are written later.
    pub(crate) keys: bool,
    /// Where each value is, if somebody needs to know.
    pub(crate) slots: Option<&'a mut Vec<Slot>>,
    /// Longest value, in bytes.
    pub(crate) max_value: usize,
    /// What line and fields may come to together.
    pub(crate) room: usize,
    pub(crate) has_message: bool,
    /// Fields that gave way to reserved keys.
    pub(crate) moved: u32,
    pub(crate) outcome: Outcome,
}

/// Quotes, and a little for what follows.
const AROUND_A_VALUE: usize = 16;

impl Recorder<'_> {
    /// Puts the value of the field that is the `index`th of the callsite.
    #[inline]
    pub(crate) fn put(&mut self, index: usize, write: impl FnOnce(ValueWriter<'_>)) {
        let plan = self.plan;
        let Some(field) = plan.fields.get(index) else {
            return;
        };
        let used = self.line.len() + self.fields.len();
        let room = self
            .room
            .saturating_sub(used + field.key.width() + AROUND_A_VALUE);
        if room == 0 {
            self.outcome.truncated = true;
            return;
        }
        let out = if field.is_message {
            if self.has_message {
                self.moved += 1;
                return;
            }
            self.has_message = true;
            self.line.extend_from_slice(b",\"message\":");
            &mut *self.line
        } else {
            self.moved += u32::from(field.moved);
            if self.keys {
                self.fields.extend_from_slice(&field.key.json);
            }
            &mut *self.fields
        };
        let start = out.len();
        let end = start + room.min(self.max_value);
        let writer = ValueWriter {
            out,
            end,
            outcome: &mut self.outcome,
            rewriter: self.redact.map(|redact| Rewriter {
                redact,
                key: &field.key.name,
                texts: self.rewrites_texts,
            }),
        };
        if field.hidden {
            writer.hidden();
        } else {
            write(writer);
        }
        if let (Some(slots), false) = (self.slots.as_deref_mut(), field.is_message) {
            slots.push(Slot {
                field: index as u32,
                start: start as u32,
                end: self.fields.len() as u32,
            });
        }
    }
}

impl Visit for Recorder<'_> {
    #[inline]
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.index(), |writer| writer.float(value));
    }

    #[inline]
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.index(), |writer| writer.integer(value));
    }

    #[inline]
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.index(), |writer| writer.integer(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.put(field.index(), |writer| writer.wide(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.put(field.index(), |writer| writer.wide(value));
    }

    #[inline]
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.index(), |writer| writer.bool(value));
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.index(), |writer| writer.text(value));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.put(field.index(), |writer| writer.bytes(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        self.put(field.index(), |writer| writer.error(value));
    }

    #[inline]
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.index(), |writer| writer.debug(value));
    }
}
