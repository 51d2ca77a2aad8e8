//! What must not stand in a log: the hook that the encoder asks, and the rules that fill it.

mod name;
mod redaction;
mod value;

pub use redaction::Redaction;

/// Hides what must not stand in a log, while a line is encoded.
pub trait Redact: Send + Sync + 'static {
    /// Whether the value of this key is replaced by `"[redacted]"`, whatever it is.
    ///
    /// `key` is the full name, dots included. Asked once per callsite and key, not per line.
    fn hides(&self, key: &str) -> bool;

    /// Rewrites a text value, or the message: pushes the new text to `out` and returns true, or returns false to leave
    /// `text` as it is.
    fn rewrite(&self, key: &str, text: &str, out: &mut String) -> bool;

    /// Whether [`rewrite`](Self::rewrite) might return true for a text that stands in the line as these bytes: quoted and
    /// escaped. It spares most values of `Debug` and `Display`, which come in pieces, from being put together a second time.
    /// True by default.
    fn may_rewrite(&self, json: &[u8]) -> bool {
        let _ = json;
        true
    }

    /// Whether [`rewrite`](Self::rewrite) ever returns true; if not, text is encoded without a detour. Asked once. True by
    /// default.
    fn rewrites(&self) -> bool {
        true
    }
}

/// What a hidden value becomes.
pub(crate) const REDACTED: &str = "[redacted]";
