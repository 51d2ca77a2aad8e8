//! Escapes of the text formats: `\`, LF and, in label values, `"`.
//!
//! Source: Prometheus exposition formats, "Text format details"; OpenMetrics 1.0, "ABNF".

/// Appends `value` as it stands between the quotes of a label.
pub(crate) fn escape_value(value: &str, out: &mut Vec<u8>) {
    escape(value, |byte| matches!(byte, b'\\' | b'\n' | b'"'), out);
}

/// What follows the escaped form of `value` in `text`; `None` if `text` starts otherwise. Allocates nothing.
pub(crate) fn strip_escaped<'a>(text: &'a [u8], value: &str) -> Option<&'a [u8]> {
    value.bytes().try_fold(text, |text, byte| match byte {
        b'\n' => text.strip_prefix(br"\n"),
        b'\\' | b'"' => text.strip_prefix(&[b'\\', byte]),
        _ => text.strip_prefix(&[byte]),
    })
}

/// Appends `name="value"`, behind a comma unless it is the first.
pub(crate) fn write_pair(name: &str, value: &str, out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.push(b',');
    }
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    escape_value(value, out);
    out.push(b'"');
}

/// Appends `help` as it stands behind `# HELP name `. Quotes stay.
pub(crate) fn escape_help(help: &str, out: &mut Vec<u8>) {
    escape(help, |byte| matches!(byte, b'\\' | b'\n'), out);
}

fn escape(text: &str, special: impl Fn(u8) -> bool, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if special(byte) {
            out.extend_from_slice(&bytes[copied..at]);
            out.push(b'\\');
            out.push(if byte == b'\n' { b'n' } else { byte });
            copied = at + 1;
        }
    }
    out.extend_from_slice(&bytes[copied..]);
}

/// The value whose escaped form is `escaped`, or `None` if a `\` stands before anything but `\`, `n` and `"`.
pub(crate) fn unescape(escaped: &str) -> Option<String> {
    let mut value = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(char) = chars.next() {
        value.push(match char {
            '\\' => match chars.next()? {
                'n' => '\n',
                other @ ('\\' | '"') => other,
                _ => return None,
            },
            other => other,
        });
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(value: &str) -> String {
        let mut out = Vec::new();
        escape_value(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_backslash_newline_and_quote_are_escaped() {
        assert_eq!(escaped("a\\b\nc\"d\te\u{0}"), "a\\\\b\\nc\\\"d\te\u{0}");
        let mut help = Vec::new();
        escape_help("a\"b\\\n", &mut help);
        assert_eq!(help, b"a\"b\\\\\\n");
    }

    #[test]
    fn a_backslash_before_anything_else_is_refused() {
        assert_eq!(unescape("a\\t"), None);
        assert_eq!(unescape("a\\"), None);
    }

    proptest! {
        #[test]
        fn every_value_survives_the_round_trip(value in any::<String>()) {
            prop_assert_eq!(unescape(&escaped(&value)), Some(value));
        }

        #[test]
        fn an_escaped_value_is_told_from_all_others(a in "[a\\\\n\n\"]{0,6}", b in "[a\\\\n\n\"]{0,6}") {
            let text = escaped(&a) + "\"";
            prop_assert_eq!(a == b, strip_escaped(text.as_bytes(), &b) == Some(b"\""));
        }

        #[test]
        fn different_values_stay_different(a in "[a\\\\n\n\"]{0,6}", b in "[a\\\\n\n\"]{0,6}") {
            prop_assert_eq!(a == b, escaped(&a) == escaped(&b));
        }
    }
}
