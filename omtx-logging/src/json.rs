//! Structured values: what `serde` can serialize, as JSON in a line.

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::Value;
use tracing::field::DisplayValue;

use crate::Redact;
use crate::encode::escape::escape;
use crate::encode::text::structured;

/// Objects and arrays deeper than this become strings: some readers of JSON go no deeper than a hundred levels.
const MAX_DEPTH: usize = 32;

/// A field whose value keeps its structure: objects, arrays, numbers.
///
/// A value that fails to serialize, or that panics, loses its own field only. One that is longer than the limit on values
/// becomes a string, cut. Other subscribers get the JSON as text.
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Logging, json};
/// use std::collections::BTreeMap;
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// # let lines = Lines::default();
/// # let logging = Logging::builder("hub").sink(lines.clone()).build()?;
/// # let _default = tracing::subscriber::set_default(logging.subscriber());
/// let counts = BTreeMap::from([("A", 12), ("C", 7)]);
/// tracing::info!(counts = json(&counts), "counted");
/// assert!(lines.take()[0].ends_with(r#""counts":{"A":12,"C":7}}"#));
/// # Ok(())
/// # }
/// ```
pub fn json<T: Serialize + ?Sized>(value: &T) -> DisplayValue<Json<'_, T>> {
    tracing::field::display(Json(value))
}

/// What [`json`] makes: its `Debug` and `Display` are JSON.
pub struct Json<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> fmt::Debug for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As a tree first: it holds no key twice, whatever the type's `Serialize` says.
        let value = serde_json::to_value(self.0).map_err(|_| fmt::Error)?;
        let mut text = String::new();
        write(&mut text, &value);
        f.write_str(structured::begin())?;
        f.write_str(&text)?;
        f.write_str(structured::end())
    }
}

impl<T: Serialize + ?Sized> fmt::Display for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Appends `value` with the escapes that lines have, which are more than JSON's.
pub(crate) fn write(out: &mut String, value: &Value) {
    write_at(out, value, 0);
}

fn write_at(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::String(text) => quoted(out, text),
        Value::Array(_) | Value::Object(_) if depth == MAX_DEPTH => quoted(out, &value.to_string()),
        Value::Array(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_at(out, value, depth + 1);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (at, (key, value)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quoted(out, key);
                out.push(':');
                write_at(out, value, depth + 1);
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(out, "{value}"); // a `String` takes everything
        }
    }
}

fn quoted(out: &mut String, text: &str) {
    let mut escaped = Vec::with_capacity(text.len() + 2);
    escape(&mut escaped, text, usize::MAX);
    out.push('"');
    out.push_str(&String::from_utf8_lossy(&escaped));
    out.push('"');
}

/// Asks about each string of a value, under the key of the whole, and about each key of an object inside.
pub(crate) fn rewrite(value: &mut Value, redact: &dyn Redact, key: &str) {
    match value {
        Value::String(text) => {
            let mut new = String::new();
            if redact.rewrite(key, text, &mut new) {
                *text = new;
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| rewrite(value, redact, key)),
        Value::Object(fields) => {
            for (key, value) in fields {
                if redact.hides(key) {
                    *value = Value::String(crate::redact::REDACTED.to_owned());
                } else {
                    rewrite(value, redact, key);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
