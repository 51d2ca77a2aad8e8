//! Structured values: JSON as `AnyValue`.

use serde_json::Value;

use crate::encode::wire;

/// Deeper ones are written as their JSON text; `serde_json` itself reads 128 levels.
pub(super) const MAX_DEPTH: usize = 32;

/// Writes a `KeyValue` as field `tag`; what is no JSON is written as it is.
pub(super) fn attribute(tag: u32, name: &str, json: &str, out: &mut Vec<u8>) {
    let value = serde_json::from_str(json).unwrap_or_else(|_| Value::from(json));
    key_value(tag, name, &value, 0, out);
}

fn key_value(tag: u32, name: &str, value: &Value, depth: usize, out: &mut Vec<u8>) {
    wire::message(tag, out, |out| {
        wire::bytes_always(1, name.as_bytes(), out);
        wire::message(2, out, |out| any(value, depth, out));
    });
}

/// The content of an `AnyValue`; empty for null.
fn any(value: &Value, depth: usize, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Bool(b) => wire::bool_always(2, *b, out),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(n), _) => wire::int_always(3, n, out),
            (None, Some(n)) if number.is_f64() => wire::double_always(4, n, out),
            // Above i64: digits lose nothing.
            _ => wire::bytes_always(1, number.to_string().as_bytes(), out),
        },
        Value::String(text) => wire::bytes_always(1, text.as_bytes(), out),
        deep if depth >= MAX_DEPTH => wire::bytes_always(1, deep.to_string().as_bytes(), out),
        Value::Array(values) => wire::message(5, out, |out| {
            for value in values {
                wire::message(1, out, |out| any(value, depth + 1, out));
            }
        }),
        Value::Object(fields) => wire::message(6, out, |out| {
            for (name, value) in fields {
                key_value(1, name, value, depth + 1, out);
            }
        }),
    }
}
