//! Structured values: JSON as `AnyValue`.

use serde_json::Value;

use crate::encode::value::cut;
use crate::encode::wire;

/// Deeper ones are written as their JSON text; `serde_json` itself reads 128 levels.
pub(super) const MAX_DEPTH: usize = 32;

/// Writes a `KeyValue` as field `tag`; what is no JSON is written as it is. Strings are cut after `limit` characters, wherever they
/// are ("Attribute Limits").
pub(super) fn attribute(tag: u32, name: &str, json: &str, limit: usize, out: &mut Vec<u8>) {
    let value = serde_json::from_str(json).unwrap_or_else(|_| Value::from(json));
    key_value(tag, name, &value, Bounds { limit, depth: 0 }, out);
}

/// What a value may come to.
#[derive(Clone, Copy)]
struct Bounds {
    /// Characters of a string.
    limit: usize,
    /// How deep it is already.
    depth: usize,
}

impl Bounds {
    fn deeper(self) -> Self {
        let depth = self.depth + 1;
        Self { depth, ..self }
    }
}

fn key_value(tag: u32, name: &str, value: &Value, bounds: Bounds, out: &mut Vec<u8>) {
    wire::message(tag, out, |out| {
        wire::bytes_always(1, name.as_bytes(), out);
        wire::message(2, out, |out| any(value, bounds, out));
    });
}

/// The content of an `AnyValue`; empty for null.
fn any(value: &Value, bounds: Bounds, out: &mut Vec<u8>) {
    let string = |text: &str, out: &mut Vec<u8>| {
        wire::bytes_always(1, cut(text, bounds.limit).as_bytes(), out);
    };
    match value {
        Value::Null => {}
        Value::Bool(b) => wire::bool_always(2, *b, out),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(n), _) => wire::int_always(3, n, out),
            (None, Some(n)) if number.is_f64() => wire::double_always(4, n, out),
            // Above i64: digits lose nothing.
            _ => wire::bytes_always(1, number.to_string().as_bytes(), out),
        },
        Value::String(text) => string(text, out),
        deep if bounds.depth >= MAX_DEPTH => string(&deep.to_string(), out),
        Value::Array(values) => wire::message(5, out, |out| {
            for value in values {
                wire::message(1, out, |out| any(value, bounds.deeper(), out));
            }
        }),
        Value::Object(fields) => wire::message(6, out, |out| {
            for (name, value) in fields {
                key_value(1, name, value, bounds.deeper(), out);
            }
        }),
    }
}
