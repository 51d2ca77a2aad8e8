//! Attributes: `KeyValue` and `AnyValue` of `opentelemetry/proto/common/v1/common.proto`.
//!
//! Lengths are computed before anything is written, so that no byte is moved and a limit is checked first.

use opentelemetry::{Array, StringValue, Value};
use prost::encoding::{encode_varint, encoded_len_varint};

/// The value of an attribute, borrowed from whoever has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AttributeValue<'a> {
    Bool(bool),
    I64(i64),
    F64(f64),
    Str(&'a str),
    Strs(&'a [&'a str]),
    Array(&'a Array),
    /// A kind of a later release of the API, which is not known here and written as it prints.
    Other(&'a Value),
}

macro_rules! from {
    ($($type:ty => $variant:ident),+) => {$(
        impl<'a> From<$type> for AttributeValue<'a> {
            #[inline]
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}

from! { bool => Bool, i64 => I64, u16 => I64, u32 => I64, f64 => F64, &'a str => Str, &'a [&'a str] => Strs }

impl<'a> From<&'a Value> for AttributeValue<'a> {
    #[inline]
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::I64(value) => Self::I64(*value),
            Value::F64(value) => Self::F64(*value),
            Value::String(value) => Self::Str(value.as_str()),
            Value::Array(value) => Self::Array(value),
            other => Self::Other(other),
        }
    }
}

/// The field numbers of `AnyValue`, as keys of the wire.
const STRING: u8 = 0x0a;
const BOOL: u8 = 0x10;
const INT: u8 = 0x18;
const DOUBLE: u8 = 0x21;
const ARRAY: u8 = 0x2a;
/// `ArrayValue.values`, `KeyValue.key` and `KeyValue.value`.
const VALUES: u8 = 0x0a;
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;

/// At most `limit` characters of `text`.
#[inline]
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    match text.char_indices().nth(limit) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// The longest beginning of `text` that has at most `limit` bytes and ends with a whole character.
pub(crate) fn cut_bytes(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// How long a field with this content is, its one-byte key and its length included.
const fn delimited(len: usize) -> usize {
    1 + encoded_len_varint(len as u64) + len
}

fn put_str(key: u8, text: &str, out: &mut Vec<u8>) {
    out.push(key);
    encode_varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

#[inline]
fn len_of_str(text: &str, limit: usize) -> usize {
    delimited(cut(text, limit).len())
}

#[inline]
fn len_of_i64(value: i64) -> usize {
    1 + encoded_len_varint(value as u64)
}

const LEN_OF_BOOL: usize = 2;
const LEN_OF_F64: usize = 9;

#[inline]
fn put_i64(value: i64, out: &mut Vec<u8>) {
    let mut rest = value as u64;
    let mut bytes = [INT; 11];
    let mut len = 1;
    while rest >= 0x80 {
        bytes[len] = rest as u8 | 0x80;
        rest >>= 7;
        len += 1;
    }
    bytes[len] = rest as u8;
    out.extend_from_slice(&bytes[..=len]);
}

#[inline]
fn put_f64(value: f64, out: &mut Vec<u8>) {
    out.push(DOUBLE);
    out.extend_from_slice(&value.to_le_bytes());
}

#[inline]
fn put_bool(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(&[BOOL, u8::from(value)]);
}

fn len_of_values<T>(values: &[T], len: impl Fn(&T) -> usize) -> usize {
    values.iter().map(|value| delimited(len(value))).sum()
}

fn put_values<T>(
    values: &[T],
    out: &mut Vec<u8>,
    len: impl Fn(&T) -> usize,
    put: impl Fn(&T, &mut Vec<u8>),
) {
    out.push(ARRAY);
    encode_varint(len_of_values(values, &len) as u64, out);
    for value in values {
        out.push(VALUES);
        encode_varint(len(value) as u64, out);
        put(value, out);
    }
}

impl AttributeValue<'_> {
    /// How long the `AnyValue` is.
    #[inline]
    fn len(&self, limit: usize) -> usize {
        match *self {
            Self::Bool(_) => LEN_OF_BOOL,
            Self::I64(value) => len_of_i64(value),
            Self::F64(_) => LEN_OF_F64,
            Self::Str(value) => len_of_str(value, limit),
            _ => self.len_of_many(limit),
        }
    }

    #[cold]
    fn len_of_many(&self, limit: usize) -> usize {
        match *self {
            Self::Strs(values) => delimited(len_of_values(values, |s| len_of_str(s, limit))),
            Self::Array(array) => delimited(match array {
                Array::Bool(values) => len_of_values(values, |_| LEN_OF_BOOL),
                Array::I64(values) => len_of_values(values, |value| len_of_i64(*value)),
                Array::F64(values) => len_of_values(values, |_| LEN_OF_F64),
                Array::String(values) => len_of_values(values, |s| len_of_str(s.as_str(), limit)),
                other => return len_of_str(&other.to_string(), limit),
            }),
            Self::Other(value) => len_of_str(&value.to_string(), limit),
            _ => self.len(limit),
        }
    }

    /// How many of its strings have more than `limit` characters, and are cut.
    #[inline]
    pub(crate) fn cuts(&self, limit: usize) -> u64 {
        if limit == usize::MAX {
            return 0;
        }
        let cuts = |text: &str| u64::from(cut(text, limit).len() < text.len());
        match *self {
            Self::Bool(_) | Self::I64(_) | Self::F64(_) => 0,
            Self::Str(text) => cuts(text),
            Self::Strs(values) => values.iter().map(|text| cuts(text)).sum(),
            Self::Array(Array::Bool(_) | Array::I64(_) | Array::F64(_)) => 0,
            Self::Array(Array::String(values)) => values.iter().map(|s| cuts(s.as_str())).sum(),
            Self::Array(other) => cuts(&other.to_string()),
            Self::Other(value) => cuts(&value.to_string()),
        }
    }

    /// Writes the `AnyValue`.
    #[inline]
    fn put(&self, limit: usize, out: &mut Vec<u8>) {
        match *self {
            Self::Bool(value) => put_bool(value, out),
            Self::I64(value) => put_i64(value, out),
            Self::F64(value) => put_f64(value, out),
            Self::Str(value) => put_str(STRING, cut(value, limit), out),
            _ => self.put_many(limit, out),
        }
    }

    #[cold]
    fn put_many(&self, limit: usize, out: &mut Vec<u8>) {
        let len_of = |s: &StringValue| len_of_str(s.as_str(), limit);
        match *self {
            Self::Strs(values) => put_values(
                values,
                out,
                |s| len_of_str(s, limit),
                |s, out| put_str(STRING, cut(s, limit), out),
            ),
            Self::Array(array) => match array {
                Array::Bool(values) => {
                    put_values(values, out, |_| LEN_OF_BOOL, |v, out| put_bool(*v, out));
                }
                Array::I64(values) => {
                    put_values(values, out, |v| len_of_i64(*v), |v, out| put_i64(*v, out));
                }
                Array::F64(values) => {
                    put_values(values, out, |_| LEN_OF_F64, |v, out| put_f64(*v, out));
                }
                Array::String(values) => put_values(values, out, len_of, |s, out| {
                    put_str(STRING, cut(s.as_str(), limit), out);
                }),
                other => put_str(STRING, cut(&other.to_string(), limit), out),
            },
            Self::Other(value) => put_str(STRING, cut(&value.to_string(), limit), out),
            _ => self.put(limit, out),
        }
    }
}

/// A `KeyValue` whose length is known.
pub(crate) struct Measured<'a> {
    key: &'a str,
    value: AttributeValue<'a>,
    /// Strings are cut after this many characters.
    limit: usize,
    value_len: usize,
}

impl<'a> Measured<'a> {
    #[inline]
    pub(crate) fn new(key: &'a str, value: AttributeValue<'a>, limit: usize) -> Self {
        Self {
            key,
            value,
            limit,
            value_len: value.len(limit),
        }
    }

    /// How long it is as a field, its key and its length included.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        delimited(self.content_len())
    }

    #[inline]
    fn content_len(&self) -> usize {
        delimited(self.key.len()) + delimited(self.value_len)
    }

    /// Writes it as the field that has this one-byte key.
    #[inline]
    pub(crate) fn put(&self, field: u8, out: &mut Vec<u8>) {
        let len = self.content_len();
        // Nearly all are so short that every length is one byte. Few long writes are several times as fast as many short ones.
        if len < 0x80 {
            out.reserve(len + 2);
            out.extend_from_slice(&[field, len as u8, KEY, self.key.len() as u8]);
            out.extend_from_slice(self.key.as_bytes());
            let value_len = self.value_len as u8;
            match self.value {
                AttributeValue::Str(text) => put_short(text, self.limit, value_len, out),
                value => {
                    out.extend_from_slice(&[VALUE, value_len]);
                    value.put(self.limit, out);
                }
            }
        } else {
            out.push(field);
            encode_varint(len as u64, out);
            put_str(KEY, self.key, out);
            out.push(VALUE);
            encode_varint(self.value_len as u64, out);
            self.value.put(self.limit, out);
        }
    }
}

#[inline]
fn put_short(text: &str, limit: usize, value_len: u8, out: &mut Vec<u8>) {
    let text = cut(text, limit);
    out.extend_from_slice(&[VALUE, value_len, STRING, text.len() as u8]);
    out.extend_from_slice(text.as_bytes());
}

/// Writes a `KeyValue` as the field that has this one-byte key; strings are cut after `limit` characters.
pub(crate) fn attribute(
    field: u8,
    key: &str,
    value: AttributeValue<'_>,
    limit: usize,
    out: &mut Vec<u8>,
) {
    Measured::new(key, value, limit).put(field, out);
}
