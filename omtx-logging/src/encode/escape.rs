//! Text as the inside of a JSON string (RFC 8259, section 7), on one line whatever it holds.

/// Appends `text` escaped, as much of it as keeps `out` within `end` bytes, cut between two characters. Returns whether
/// all of it fitted.
///
/// Escaped are `"`, `\` and the controls below 0x20, as JSON requires; DEL and the C1 controls, which terminals obey; and
/// U+2028 and U+2029, which JavaScript before ES2019 and some line readers take for line ends.
#[inline]
pub(crate) fn escape(out: &mut Vec<u8>, text: &str, end: usize) -> bool {
    let bytes = text.as_bytes();
    let first = next_special(bytes, 0);
    if first == bytes.len() && out.len() + first <= end {
        out.extend_from_slice(bytes);
        return true;
    }
    escape_slowly(out, text, first, end)
}

fn escape_slowly(out: &mut Vec<u8>, text: &str, first: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let (mut copied, mut at) = (0, first);
    loop {
        let escaped = (at < bytes.len()).then(|| escaped(&bytes[at..]));
        match escaped {
            Some(None) => at += 1, // the lead byte of a character that is harmless
            escaped => {
                if !copy(out, &text[copied..at], end) {
                    return false;
                }
                let Some(Some((width, escape))) = escaped else {
                    return true;
                };
                let escape = escape.as_bytes();
                if out.len() + escape.len() > end {
                    return false;
                }
                out.extend_from_slice(escape);
                at += width;
                copied = at;
            }
        }
        at = next_special(bytes, at);
    }
}

/// As much of `text` as fits, cut between two characters.
fn copy(out: &mut Vec<u8>, text: &str, end: usize) -> bool {
    let room = end.saturating_sub(out.len());
    if text.len() <= room {
        out.extend_from_slice(text.as_bytes());
        return true;
    }
    let mut cut = room;
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    out.extend_from_slice(&text.as_bytes()[..cut]);
    false
}

/// An escape sequence on the stack.
struct Escape {
    bytes: [u8; 6],
    len: usize,
}

impl Escape {
    fn short(letter: u8) -> Self {
        Self {
            bytes: [b'\\', letter, 0, 0, 0, 0],
            len: 2,
        }
    }

    fn unicode(code: u16) -> Self {
        let digit = |shift: u16| b"0123456789abcdef"[usize::from((code >> shift) & 0xf)];
        Self {
            bytes: [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)],
            len: 6,
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The width of the first character and its escape; `None` where it needs none.
fn escaped(bytes: &[u8]) -> Option<(usize, Escape)> {
    let escape = match bytes {
        [b'"', ..] => Escape::short(b'"'),
        [b'\\', ..] => Escape::short(b'\\'),
        [b'\n', ..] => Escape::short(b'n'),
        [b'\r', ..] => Escape::short(b'r'),
        [b'\t', ..] => Escape::short(b't'),
        [0x08, ..] => Escape::short(b'b'),
        [0x0c, ..] => Escape::short(b'f'),
        [control @ (..0x20 | 0x7f), ..] => Escape::unicode((*control).into()),
        [0xc2, c1 @ 0x80..=0x9f, ..] => return Some((2, Escape::unicode((*c1).into()))),
        [0xe2, 0x80, 0xa8, ..] => return Some((3, Escape::unicode(0x2028))),
        [0xe2, 0x80, 0xa9, ..] => return Some((3, Escape::unicode(0x2029))),
        _ => return None,
    };
    Some((1, escape))
}

/// Bytes that are, or may begin, a character to escape.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special[0x7f] = true;
    special[0xc2] = true;
    special[0xe2] = true;
    special
};

/// Where the next such byte is, from `at` on; the length when there is none. Eight bytes at a time: most text has none.
#[inline]
fn next_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..at + 8) {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        if has_special(u64::from_le_bytes(eight)) {
            break;
        }
        at += 8;
    }
    while at < bytes.len() && !SPECIAL[usize::from(bytes[at])] {
        at += 1;
    }
    at
}

/// Whether one of eight bytes may be special. A byte above 0x7f counts as one: the loop over single bytes looks closer.
#[inline]
const fn has_special(eight: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const fn zeroes(x: u64) -> u64 {
        x.wrapping_sub(ONES) & !x
    }
    // "Determine if a word has a byte less than n", Bit Twiddling Hacks.
    let below_space = eight.wrapping_sub(ONES * 0x20) & !eight;
    let quote = zeroes(eight ^ (ONES * b'"' as u64));
    let backslash = zeroes(eight ^ (ONES * b'\\' as u64));
    let delete = zeroes(eight ^ (ONES * 0x7f));
    (below_space | quote | backslash | delete | eight) & HIGH != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped_within(text: &str, limit: usize) -> (String, bool) {
        let mut out = b"before ".to_vec();
        let whole = escape(&mut out, text, "before ".len() + limit);
        (String::from_utf8(out.split_off(7)).unwrap(), whole)
    }

    #[test]
    fn every_character_that_could_break_a_line_is_escaped() {
        for code in (0..0x20).chain([0x22, 0x5c, 0x7f, 0x80, 0x9f, 0x2028, 0x2029]) {
            let text = char::from_u32(code).unwrap().to_string();
            let (escaped, _) = escaped_within(&text, 100);
            assert!(
                escaped.starts_with('\\') && escaped.is_ascii(),
                "{code:x}: {escaped}"
            );
            let read: String = serde_json::from_str(&format!("\"{escaped}\"")).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn a_cut_is_between_two_characters_and_never_inside_an_escape() {
        assert_eq!(escaped_within("aäb", 2), ("a".to_owned(), false));
        assert_eq!(escaped_within("aäb", 3), ("aä".to_owned(), false));
        assert_eq!(escaped_within("a\nb", 2), ("a".to_owned(), false));
        assert_eq!(escaped_within("a\nb", 4), ("a\\nb".to_owned(), true));
        assert_eq!(escaped_within("abc", 0), (String::new(), false));
    }

    proptest! {
        #[test]
        fn whatever_is_escaped_reads_back_as_it_was(text in any::<String>()) {
            let (escaped, whole) = escaped_within(&text, usize::MAX - 7);
            prop_assert!(whole);
            prop_assert!(!escaped.chars().any(char::is_control));
            prop_assert_eq!(serde_json::from_str::<String>(&format!("\"{escaped}\"")).unwrap(), text);
        }

        #[test]
        fn whatever_is_cut_reads_back_as_a_beginning_of_it(text in any::<String>(), limit in 0..64_usize) {
            let (escaped, whole) = escaped_within(&text, limit);
            prop_assert!(escaped.len() <= limit);
            let read: String = serde_json::from_str(&format!("\"{escaped}\"")).unwrap();
            prop_assert!(text.starts_with(&read));
            prop_assert_eq!(whole, read == text);
        }
    }
}
