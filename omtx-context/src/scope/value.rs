use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::limits::{MAX_VALUE_LEN, bounded};

/// What a key of a [`Scope`](crate::Scope) stands for: a string, an integer or a boolean.
///
/// Bounded by construction: a string longer than [`MAX_VALUE_LEN`] is cut on a character boundary, and the cut is
/// counted in [`Losses`](crate::Losses).
///
/// ```
/// use omtx_context::Value;
///
/// assert_eq!(Value::from("u-7").as_str(), Some("u-7"));
/// assert_eq!(Value::from(7_u32), Value::Uint(7));
/// assert_eq!(Value::from(-7_i32).to_string(), "-7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// A string.
    Str(Text),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A boolean.
    Bool(bool),
}

impl Value {
    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) => f.pad(text),
            Self::Int(n) => n.fmt(f),
            Self::Uint(n) => n.fmt(f),
            Self::Bool(b) => b.fmt(f),
        }
    }
}

/// 38 bytes hold a hyphenated UUID, and make the value 40 bytes.
const INLINE: usize = 38;

/// A bounded string: inline up to 38 bytes (request, user and job ids cost no allocation), shared beyond.
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE] },
    Shared(Arc<str>),
}

impl Text {
    /// Copies `text`, at most [`MAX_VALUE_LEN`] bytes of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = bounded(text, MAX_VALUE_LEN);
        if text.len() > INLINE {
            return Self(Repr::Shared(text.into()));
        }
        let mut bytes = [0; INLINE];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self(Repr::Inline {
            len: text.len() as u8,
            bytes,
        })
    }

    /// The string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // Always valid: `new` copied a whole `str`. The check costs a few nanoseconds and saves an `unsafe`.
            Repr::Inline { len, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*len)]).unwrap_or_default()
            }
            Repr::Shared(text) => text,
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(Text::new(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(&*text)
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        if text.len() > INLINE && text.len() <= MAX_VALUE_LEN {
            return Self::Str(Text(Repr::Shared(text)));
        }
        Self::from(&*text)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

macro_rules! from_integers {
    ($variant:ident as $wide:ty: $($int:ty)+) => {
        $(impl From<$int> for Value {
            fn from(n: $int) -> Self {
                Self::$variant(n as $wide)
            }
        })+
    };
}

from_integers!(Int as i64: i8 i16 i32 i64 isize);
from_integers!(Uint as u64: u8 u16 u32 u64 usize);
