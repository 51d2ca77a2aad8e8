//! One value, whatever its type.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use omtx_context::Value as ScopeValue;

use super::escape::escape;
use super::text::TextWriter;
use crate::Redact;
use crate::redact::REDACTED;

/// What a value becomes whose `Debug`, `Display` or `Serialize` panicked or failed.
const LOST: &[u8] = b"\"[lost: formatting failed]\"";

/// What became of the values of a line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Something was cut or left out.
    pub(crate) truncated: bool,
    /// How many were lost.
    pub(crate) lost: u32,
}

/// Appends one JSON value to `out`.
pub(crate) struct ValueWriter<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    /// Where the value must end at the latest, without the closing quote of a string.
    pub(crate) end: usize,
    pub(crate) outcome: &'a mut Outcome,
    /// Asked about texts, and about the keys inside of structured values.
    pub(crate) rewriter: Option<Rewriter<'a>>,
}

/// Whom to ask about a text, and under which key it stands.
#[derive(Clone, Copy)]
pub(crate) struct Rewriter<'a> {
    pub(crate) redact: &'a dyn Redact,
    pub(crate) key: &'a str,
    /// Whether it has anything to say about texts.
    pub(crate) texts: bool,
}

impl ValueWriter<'_> {
    pub(crate) fn hidden(self) {
        self.out.push(b'"');
        self.out.extend_from_slice(REDACTED.as_bytes());
        self.out.push(b'"');
    }

    #[inline]
    pub(crate) fn text(self, text: &str) {
        if let Some(Rewriter {
            redact,
            key,
            texts: true,
        }) = self.rewriter
        {
            let mut new = String::new();
            if redact.rewrite(key, text, &mut new) {
                return self.plain_text(&new);
            }
        }
        self.plain_text(text);
    }

    #[inline]
    fn plain_text(self, text: &str) {
        self.out.push(b'"');
        if !escape(self.out, text, self.end) {
            self.outcome.truncated = true;
        }
        self.out.push(b'"');
    }

    #[inline]
    pub(crate) fn integer(self, n: impl itoa::Integer) {
        self.out
            .extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
    }

    /// A number as long as readers that know 64 bits can hold it, a string beyond.
    pub(crate) fn wide<I>(self, n: I)
    where
        I: itoa::Integer + Copy,
        u64: TryFrom<I>,
        i64: TryFrom<I>,
    {
        let quoted = u64::try_from(n).is_err() && i64::try_from(n).is_err();
        if quoted {
            self.out.push(b'"');
        }
        self.out
            .extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
        if quoted {
            self.out.push(b'"');
        }
    }

    /// JSON has no NaN and no infinities (RFC 8259, section 6): null.
    #[inline]
    pub(crate) fn float(self, n: f64) {
        if n.is_finite() {
            self.out
                .extend_from_slice(zmij::Buffer::new().format_finite(n).as_bytes());
        } else {
            self.out.extend_from_slice(b"null");
        }
    }

    #[inline]
    pub(crate) fn bool(self, b: bool) {
        self.out
            .extend_from_slice(if b { b"true" } else { b"false" });
    }

    /// Lower-case hexadecimal digits, as digests and ids are written.
    pub(crate) fn bytes(self, bytes: &[u8]) {
        self.out.push(b'"');
        for byte in bytes {
            if self.out.len() + 2 > self.end {
                self.outcome.truncated = true;
                break;
            }
            for digit in [byte >> 4, byte & 0xf] {
                self.out.push(b"0123456789abcdef"[usize::from(digit)]);
            }
        }
        self.out.push(b'"');
    }

    pub(crate) fn scope_value(self, value: &ScopeValue) {
        match value {
            ScopeValue::Str(text) => self.text(text),
            ScopeValue::Int(n) => self.integer(*n),
            ScopeValue::Uint(n) => self.integer(*n),
            ScopeValue::Bool(b) => self.bool(*b),
            other => self.debug(&format_args!("{other}")),
        }
    }

    /// An error and its sources, as `outer: inner: innermost`. A source that the error's own message ends with is not
    /// said twice.
    pub(crate) fn error(self, error: &(dyn StdError + 'static)) {
        self.debug(&Chain(error));
    }

    #[inline]
    pub(crate) fn debug(self, value: &dyn fmt::Debug) {
        let Self {
            out,
            end,
            outcome,
            rewriter,
        } = self;
        let start = out.len();
        let as_it_comes = ValueWriter {
            out,
            end,
            outcome,
            rewriter: None,
        };
        as_it_comes.formatted(value);
        let asked = |rewriter: Rewriter<'_>| {
            // A text has a quote before it; what has none, has a structure.
            let concerned = rewriter.texts || out.get(start) != Some(&b'"');
            concerned && rewriter.redact.may_rewrite(&out[start..])
        };
        if rewriter.is_some_and(asked) {
            ValueWriter {
                out,
                end,
                outcome,
                rewriter,
            }
            .rewritten(start);
        }
    }

    #[inline]
    fn formatted(self, value: &dyn fmt::Debug) {
        let start = self.out.len();
        let mut writer = TextWriter::new(self.out, self.end);
        // Foreign code: whatever it leaves half done is cut off below.
        let result = catch_unwind(AssertUnwindSafe(|| write!(writer, "{value:?}")));
        let truncated = writer.truncated;
        let whole = match result {
            Ok(result) => result.is_ok() || truncated,
            Err(payload) => {
                std::mem::forget(payload); // its destructor may panic in turn
                false
            }
        };
        if whole {
            writer.finish();
            self.outcome.truncated |= truncated;
        } else {
            self.out.truncate(start);
            self.out.extend_from_slice(LOST);
            self.outcome.lost += 1;
        }
    }

    /// Patterns need the whole text: what was written from `start` on is read back, and written again.
    #[cold]
    fn rewritten(self, start: usize) {
        let json = self.out.split_off(start);
        match std::str::from_utf8(&json).ok().and_then(unescaped) {
            Some(text) => self.text(&text),
            None => self.structured(&json),
        }
    }
}

#[cfg(feature = "serde")]
impl ValueWriter<'_> {
    /// A value of [`json`](crate::json): its strings are asked about one by one.
    fn structured(self, json: &[u8]) {
        let (Some(Rewriter { redact, key, .. }), Ok(mut value)) =
            (self.rewriter, serde_json::from_slice(json))
        else {
            return self.out.extend_from_slice(LOST);
        };
        crate::json::rewrite(&mut value, redact, key);
        let mut text = String::new();
        crate::json::write(&mut text, &value);
        if self.out.len() + text.len() <= self.end {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.plain_text(&text);
        }
    }
}

#[cfg(not(feature = "serde"))]
impl ValueWriter<'_> {
    /// There are no structured values without the feature.
    fn structured(self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }
}

/// The text of a JSON string that this crate wrote.
pub(crate) fn unescaped(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match rest.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let digits: String = rest.by_ref().take(4).collect();
                char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
            }
            other => other,
        });
    }
    Some(Cow::Owned(text))
}

/// A chain that bites its own tail must end somewhere.
const MAX_SOURCES: usize = 16;

struct Chain<'a>(&'a (dyn StdError + 'static));

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(mut source) = self.0.source() else {
            return fmt::Display::fmt(self.0, f);
        };
        // Only an error with sources costs an allocation.
        let mut said = self.0.to_string();
        for _ in 0..MAX_SOURCES {
            let text = source.to_string();
            if !said.ends_with(&text) {
                said.push_str(": ");
                said.push_str(&text);
            }
            match source.source() {
                Some(next) => source = next,
                None => break,
            }
        }
        f.write_str(&said)
    }
}
