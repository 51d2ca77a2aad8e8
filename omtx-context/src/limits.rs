//! The bounds. What exceeds one is cut or refused and counted in [`Losses`](crate::Losses), never kept.

use std::borrow::Cow;

/// Longest key, in bytes; a longer one is refused.
pub const MAX_KEY_LEN: usize = 64;

/// Longest string value, in bytes; a longer one is cut on a character boundary.
pub const MAX_VALUE_LEN: usize = 256;

/// Most keys in one layer, fixed and late-bound ones each; one more is refused.
pub const MAX_FIELDS: usize = 16;

/// Most layers in a chain; one more takes its parent's place.
pub const MAX_DEPTH: usize = 16;

/// Longest job type and queue name, in bytes: they become metric labels. A longer one is cut on a character boundary.
pub const MAX_LABEL_LEN: usize = 64;

/// `text` cut to `max` bytes on a character boundary, counted when it was longer.
pub(crate) fn bounded(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    crate::losses::value_truncated();
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The same for a label that may be static.
pub(crate) fn bounded_label(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= MAX_LABEL_LEN {
        return text;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(bounded(text, MAX_LABEL_LEN)),
        Cow::Owned(text) => Cow::Owned(bounded(&text, MAX_LABEL_LEN).to_owned()),
    }
}
