//! A line as an entry of the journal: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>.

use std::io::Write;

use serde_json::Value;

use crate::Severity;

/// The longest name that journald takes (`journal_field_valid` in systemd's journal-file.c).
const MAX_NAME: usize = 64;

/// Encodes entries in the same memory, one after the other.
#[derive(Debug, Default)]
pub(super) struct Entry {
    payload: Vec<u8>,
    name: String,
}

impl Entry {
    pub(super) fn encode(&mut self, severity: Severity, identifier: &str, line: &[u8]) -> &[u8] {
        self.payload.clear();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        self.put("PRIORITY", priority(severity));
        if !identifier.is_empty() {
            self.put("SYSLOG_IDENTIFIER", identifier.as_bytes());
        }
        match serde_json::from_slice(line) {
            Ok(Value::Object(fields)) => {
                for (key, value) in fields {
                    self.field(&key, &value, 0);
                }
            }
            _ => self.put("MESSAGE", line),
        }
        &self.payload
    }

    /// Adds a field, or those that nest in it; the first `prefix` bytes of the name are there.
    fn field(&mut self, key: &str, value: &Value, prefix: usize) {
        self.name.truncate(prefix);
        if prefix > 0 {
            self.name.push('_');
        }
        push_name(&mut self.name, key);
        let text = match value {
            Value::Null => return,
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
            Value::Object(fields) => {
                let prefix = self.name.len();
                for (key, value) in fields {
                    self.field(key, value, prefix);
                }
                return;
            }
        };
        let mut name = std::mem::take(&mut self.name);
        let len = name.len();
        // The severity is told already, and `_` at the end is what is left of a name that was cut.
        let valid = name[..len.min(MAX_NAME)].trim_end_matches('_');
        if !valid.is_empty() && !matches!(valid, "PRIORITY" | "SYSLOG_IDENTIFIER") {
            self.put(valid, text.as_bytes());
        }
        name.truncate(len);
        self.name = name;
    }

    fn put(&mut self, name: &str, value: &[u8]) {
        self.payload.extend_from_slice(name.as_bytes());
        if memchr::memchr(b'\n', value).is_some() {
            // With its length in front, a value may have line feeds.
            self.payload.push(b'\n');
            let len = value.len() as u64;
            // Writing to memory does not fail.
            let _ = self.payload.write_all(&len.to_le_bytes());
        } else {
            self.payload.push(b'=');
        }
        self.payload.extend_from_slice(value);
        self.payload.push(b'\n');
    }
}

/// Capitals, digits and `_`, and a letter first: names with `_` in front are journald's own.
fn push_name(name: &mut String, key: &str) {
    for c in key.chars() {
        let c = if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        };
        if name.is_empty() {
            if c == '_' {
                continue;
            }
            if c.is_ascii_digit() {
                name.push_str("FIELD_");
            }
        }
        name.push(c);
    }
}

/// As syslog(3) numbers them.
fn priority(severity: Severity) -> &'static [u8] {
    match severity {
        Severity::Critical => b"2",
        Severity::Error => b"3",
        Severity::Warning => b"4",
        Severity::Info => b"6",
        Severity::Debug => b"7",
    }
}
