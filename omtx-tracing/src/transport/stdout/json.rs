//! The little JSON that the lines need: objects whose keys keep their order.

use std::fmt::{Display, Write as _};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// Values deeper than this are left out: whoever nests so deep wants to overflow a stack.
const MAX_DEPTH: usize = 32;

/// An object that is being written; dropped, it is closed.
pub(super) struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(super) fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    /// The key; the value is to be written behind it.
    pub(super) fn key(&mut self, key: &str) -> &mut String {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        string(key, self.out);
        self.out.push(':');
        self.out
    }

    /// Left out if it is empty.
    pub(super) fn string(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            string(value, self.key(key));
        }
    }

    /// Left out if it is empty.
    pub(super) fn hex(&mut self, key: &str, bytes: &[u8]) {
        if !bytes.is_empty() {
            hex(bytes, self.key(key));
        }
    }

    pub(super) fn number(&mut self, key: &str, value: impl Display) {
        write(self.key(key), value);
    }

    pub(super) fn float(&mut self, key: &str, value: f64) {
        float(value, self.key(key));
    }

    /// Left out if there are none.
    pub(super) fn attributes(&mut self, key: &str, pairs: &[KeyValue]) {
        if !pairs.is_empty() {
            attributes(pairs, self.key(key), 0);
        }
    }

    /// An array, of which `write` writes each item; left out if it is empty.
    pub(super) fn array<T>(&mut self, key: &str, items: &[T], item: impl Fn(&T, &mut String)) {
        if !items.is_empty() {
            array(items, self.key(key), item);
        }
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        self.out.push('}');
    }
}

pub(super) fn any(value: Option<&AnyValue>, out: &mut String) {
    any_at(value, out, 0);
}

fn any_at(value: Option<&AnyValue>, out: &mut String, depth: usize) {
    match value.and_then(|value| value.value.as_ref()) {
        Some(_) if depth > MAX_DEPTH => out.push_str("\"…\""),
        Some(Value::StringValue(value)) => string(value, out),
        Some(Value::BoolValue(value)) => write(out, value),
        Some(Value::IntValue(value)) => write(out, value),
        Some(Value::DoubleValue(value)) => float(*value, out),
        Some(Value::BytesValue(value)) => hex(value, out),
        Some(Value::ArrayValue(values)) => array(&values.values, out, |value, out| {
            any_at(Some(value), out, depth + 1);
        }),
        Some(Value::KvlistValue(values)) => attributes(&values.values, out, depth + 1),
        // An index into a table that only profiles have.
        Some(Value::StringValueStrindex(_)) | None => out.push_str("null"),
    }
}

fn attributes(pairs: &[KeyValue], out: &mut String, depth: usize) {
    let mut object = Object::begin(out);
    for pair in pairs {
        any_at(pair.value.as_ref(), object.key(&pair.key), depth);
    }
}

pub(super) fn array<T>(items: &[T], out: &mut String, item: impl Fn(&T, &mut String)) {
    out.push('[');
    for (i, value) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        item(value, out);
    }
    out.push(']');
}

/// JSON has no word for what is not finite.
pub(super) fn float(value: f64, out: &mut String) {
    if value.is_finite() {
        // `Debug` has an exponent where `Display` has three hundred zeros.
        write(out, format_args!("{value:?}"));
    } else {
        write(out, format_args!("\"{value}\""));
    }
}

fn hex(bytes: &[u8], out: &mut String) {
    out.push('"');
    for byte in bytes {
        write(out, format_args!("{byte:02x}"));
    }
    out.push('"');
}

/// Quotes and escapes (RFC 8259, 7); also the controls that a terminal would obey, and what ends a line for some readers.
fn string(value: &str, out: &mut String) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                write(out, format_args!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write(out: &mut String, value: impl Display) {
    write!(out, "{value}").expect("a string takes everything");
}
