//! Label pairs, from the escaped text that every series keeps.

use super::wire::{message_field, varint_len, write_string, write_varint};
use crate::label::unescape;

/// `Metric.label` and `Exemplar.label` have the same number.
const LABEL: u8 = message_field(1);
/// `LabelPair.name` and `LabelPair.value`.
const NAME: u8 = message_field(1);
const VALUE: u8 = message_field(2);

/// Appends the pairs of `a="x",b="y"`.
#[inline]
pub(super) fn write_labels(text: &str, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((name, value)) = rest.split_once("=\"") {
        let special = value.bytes().position(|byte| byte == b'"' || byte == b'\\');
        let at = special.unwrap_or(value.len());
        let end = if value.as_bytes().get(at) == Some(&b'\\') {
            let end = at + end_of_escaped(&value[at..]);
            let unescaped = unescape(&value[..end]);
            write_label(name, unescaped.as_deref().unwrap_or(&value[..end]), out);
            end
        } else {
            write_label(name, &value[..at], out);
            at
        };
        // Behind the quote stands a comma, or nothing.
        rest = value.get(end + 2..).unwrap_or_default();
    }
}

/// Where the quote stands that no backslash escapes: escapes are pairs, so a backslash skips what follows it.
fn end_of_escaped(value: &str) -> usize {
    let mut escaped = false;
    let end = value.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.unwrap_or(value.len())
}

/// Appends one pair.
#[inline]
pub(super) fn write_label(name: &str, value: &str, out: &mut Vec<u8>) {
    let field = |text: &str| 1 + varint_len(text.len() as u64) + text.len();
    out.push(LABEL);
    write_varint((field(name) + field(value)) as u64, out);
    write_string(NAME, name, out);
    write_string(VALUE, value, out);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::label::write_pair;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pairs_are_written_as_they_were_before_they_were_escaped(
            values in prop::collection::vec(prop_oneof!["[a\\\\n\n\",={}]{0,6}", any::<String>()], 0..4),
        ) {
            let mut text = Vec::new();
            let mut expected = Vec::new();
            for value in &values {
                write_pair("name", value, &mut text);
                write_label("name", value, &mut expected);
            }
            let mut out = Vec::new();
            write_labels(std::str::from_utf8(&text).unwrap(), &mut out);
            prop_assert_eq!(out, expected);
        }
    }
}
