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
    if !copy(out, &text[..first], end) {
        return false;
    }
    let bytes = text.as_bytes();
    let mut at = escape_chunks(out, text, first, end);
    // The last few bytes, of the text or of the room.
    let mut copied = at;
    loop {
        at = next_special(bytes, at);
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
                if out.len() + escape.len() > end {
                    return false;
                }
                escape.write(out);
                at += width;
                copied = at;
            }
        }
    }
}

/// Escapes from `at` on, eight bytes at a time, as long as there are so many and there is room; where it stopped, between
/// two characters.
///
/// Pieces of constant length are copied, and what was too much is taken back: that is a store, where a copy of the length
/// that is needed would be a call.
fn escape_chunks(out: &mut Vec<u8>, text: &str, mut at: usize, end: usize) -> usize {
    const ROOM: usize = 2 * size_of::<u64>();
    let bytes = text.as_bytes();
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        if out.len() + ROOM > end {
            break;
        }
        let start = out.len();
        out.extend_from_slice(chunk);
        let special = specials(u64::from_le_bytes(*chunk));
        if special == 0 {
            at += chunk.len();
            continue;
        }
        let plain = special.trailing_zeros() as usize / 8;
        at += plain;
        match escaped(&bytes[at..]) {
            Some((width, escape)) => {
                out.truncate(start + plain);
                escape.write(out);
                at += width;
            }
            None => {
                out.truncate(start + plain + 1);
                at += 1;
            }
        }
    }
    // What belongs to the last character was copied as it is.
    while !text.is_char_boundary(at) {
        out.pop();
        at -= 1;
    }
    at
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

/// An escape sequence: its bytes, and in the last place how many they are.
#[derive(Clone, Copy)]
struct Escape([u8; 8]);

impl Escape {
    const NONE: Self = Self([0; 8]);

    const fn short(letter: u8) -> Self {
        Self([b'\\', letter, 0, 0, 0, 0, 0, 2])
    }

    const fn unicode(code: u16) -> Self {
        const fn digit(code: u16, shift: u16) -> u8 {
            b"0123456789abcdef"[((code >> shift) & 0xf) as usize]
        }
        Self([
            b'\\',
            b'u',
            digit(code, 12),
            digit(code, 8),
            digit(code, 4),
            digit(code, 0),
            0,
            6,
        ])
    }

    const fn len(&self) -> usize {
        self.0[7] as usize
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.0);
        out.truncate(start + self.len());
    }
}

/// Of the characters of one byte that have one.
const ESCAPES: [Escape; 128] = {
    let mut escapes = [Escape::NONE; 128];
    let mut byte = 0;
    while byte < 0x20 {
        escapes[byte as usize] = Escape::unicode(byte);
        byte += 1;
    }
    escapes[0x08] = Escape::short(b'b');
    escapes[0x0c] = Escape::short(b'f');
    escapes[b'\n' as usize] = Escape::short(b'n');
    escapes[b'\r' as usize] = Escape::short(b'r');
    escapes[b'\t' as usize] = Escape::short(b't');
    escapes[b'"' as usize] = Escape::short(b'"');
    escapes[b'\\' as usize] = Escape::short(b'\\');
    escapes[0x7f] = Escape::unicode(0x7f);
    escapes
};

/// The width of the first character and its escape; `None` where it needs none.
#[inline]
fn escaped(bytes: &[u8]) -> Option<(usize, Escape)> {
    match bytes {
        [byte @ ..0x80, ..] => {
            let escape = ESCAPES[usize::from(*byte)];
            (escape.len() > 0).then_some((1, escape))
        }
        [0xc2, c1 @ 0x80..=0x9f, ..] => Some((2, Escape::unicode((*c1).into()))),
        [0xe2, 0x80, 0xa8, ..] => Some((3, Escape::unicode(0x2028))),
        [0xe2, 0x80, 0xa9, ..] => Some((3, Escape::unicode(0x2029))),
        _ => None,
    }
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
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let special = specials(u64::from_le_bytes(*chunk));
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += chunk.len();
    }
    while at < bytes.len() && !SPECIAL[usize::from(bytes[at])] {
        at += 1;
    }
    at
}

/// The high bit of the first of eight bytes that is special, and perhaps of others after it; 0 if none is.
#[inline]
const fn specials(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // "Determine if a word has a zero byte" and "a byte less than n", Bit Twiddling Hacks: a borrow reaches only the bytes
    // after a true one.
    const fn is(eight: u64, byte: u8) -> u64 {
        let x = eight ^ (ONES * byte as u64);
        x.wrapping_sub(ONES) & !x
    }
    let below_space = eight.wrapping_sub(ONES * 0x20) & !eight;
    let ascii = below_space | is(eight, b'"') | is(eight, b'\\') | is(eight, 0x7f);
    if (ascii | eight) & HIGH == 0 {
        return 0;
    }
    (ascii | is(eight, 0xc2) | is(eight, 0xe2)) & HIGH
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

    /// Text as it comes, and text in which what needs an escape, and what only looks so, is everywhere.
    fn text() -> impl Strategy<Value = String> {
        let dense = r#"[a-zé€😀"\\\\\n\t\r\x00\x1f\x20\x7e\x7f\u{80}\u{9f}\u{a0}\u{2027}\u{2028}\u{2029}\u{202a}]{0,60}"#;
        prop_oneof![
            any::<String>(),
            proptest::string::string_regex(dense).unwrap()
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_escaped_reads_back_as_it_was(text in text()) {
            let (escaped, whole) = escaped_within(&text, usize::MAX - 7);
            prop_assert!(whole);
            prop_assert!(!escaped.chars().any(char::is_control));
            prop_assert_eq!(serde_json::from_str::<String>(&format!("\"{escaped}\"")).unwrap(), text);
        }

        #[test]
        fn the_first_of_eight_bytes_that_is_special_is_found(
            eight in proptest::array::uniform8(prop_oneof![any::<u8>(), proptest::sample::select(&b"\x1f \"#\\]\x7f\x80\xc2\xc3\xe2\xe3"[..])]),
        ) {
            let found = specials(u64::from_le_bytes(eight));
            let first = (found != 0).then(|| found.trailing_zeros() as usize / 8);
            prop_assert_eq!(first, eight.iter().position(|byte| SPECIAL[usize::from(*byte)]));
        }

        #[test]
        fn whatever_is_cut_reads_back_as_a_beginning_of_it(text in text(), limit in 0..64_usize) {
            let (escaped, whole) = escaped_within(&text, limit);
            prop_assert!(escaped.len() <= limit);
            let read: String = serde_json::from_str(&format!("\"{escaped}\"")).unwrap();
            prop_assert!(text.starts_with(&read));
            prop_assert_eq!(whole, read == text);
        }
    }
}
