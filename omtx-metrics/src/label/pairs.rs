//! Escaped pairs, taken apart again.

use std::borrow::Cow;

use super::unescape;

/// The names and values of `a="x",b="y"`, as [`TextWriter`](super::TextWriter) writes them.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, value) = rest.split_once("=\"")?;
        // The first quote that no backslash escapes: escapes are pairs, so a backslash skips what follows it.
        let mut escaped = false;
        let end = value.bytes().position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        })?;
        rest = value[end + 1..].strip_prefix(',').unwrap_or_default();
        let value = &value[..end];
        Some((
            name,
            if value.contains('\\') {
                unescape(value).map_or(Cow::Borrowed(value), Cow::Owned)
            } else {
                Cow::Borrowed(value)
            },
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::escape_value;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pairs_come_back_as_they_were_written(values in prop::collection::vec(any::<String>(), 0..4)) {
            let mut text = Vec::new();
            for (index, value) in values.iter().enumerate() {
                text.extend_from_slice(if index > 0 { b",l" } else { b"l" });
                text.extend_from_slice(b"=\"");
                escape_value(value, &mut text);
                text.push(b'"');
            }
            let text = String::from_utf8(text).unwrap();
            let read: Vec<_> = pairs(&text).map(|(name, value)| (name, value.into_owned())).collect();
            let written: Vec<_> = values.into_iter().map(|value| ("l", value)).collect();
            prop_assert_eq!(read, written);
        }
    }
}
