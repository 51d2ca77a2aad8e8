//! How far a secret reaches in a text.

/// Where a value that begins at `at` ends, and where it begins if it is quoted: the quotes stay.
///
/// `query` says whether `&` ends it, as in a URL's query.
pub(super) fn value(text: &[u8], at: usize, query: bool) -> (usize, usize) {
    match Quote::at(text, at) {
        Some(quote) => (at + quote.len(), quote.close(text, at + quote.len())),
        None => (at, unquoted(text, at, query)),
    }
}

/// Where the line ends: what follows `Authorization:` or `Cookie:` has words and signs of all kinds.
pub(super) fn line(text: &[u8], at: usize) -> usize {
    memchr::memchr2(b'\n', b'\r', &text[at..]).map_or(text.len(), |len| at + len)
}

/// A quotation mark, and the backslashes before it, where the text is itself quoted in another.
#[derive(Clone, Copy)]
struct Quote {
    backslashes: usize,
    mark: u8,
}

impl Quote {
    fn at(text: &[u8], at: usize) -> Option<Self> {
        let backslashes = text[at..].iter().take_while(|byte| **byte == b'\\').count();
        let mark = *text.get(at + backslashes)?;
        matches!(mark, b'"' | b'\'' | b'`').then_some(Self { backslashes, mark })
    }

    fn len(self) -> usize {
        self.backslashes + 1
    }

    /// Where the closing one begins; the end of the text if there is none.
    fn close(self, text: &[u8], from: usize) -> usize {
        let mut at = from;
        while let Some(found) = memchr::memchr(self.mark, &text[at..]) {
            let mark = at + found;
            let escapes = text[from..mark]
                .iter()
                .rev()
                .take_while(|byte| **byte == b'\\')
                .count();
            // One more than that opened it quotes a mark inside the value. An even number may also be a value that ends in
            // backslashes; that it might end too early is worse than that it ends too late.
            if escapes == self.backslashes {
                return mark - escapes;
            }
            at = mark + 1;
        }
        text.len()
    }
}

/// The end of a value without quotes: a space outside brackets, or a sign that closes what surrounds the value.
fn unquoted(text: &[u8], start: usize, query: bool) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth > 0 => depth -= 1,
            b'"' | b'\'' | b'`' | b'\\' if depth > 0 || is_prefix(&text[start..at]) => {
                // What `Some("…")` and `b"…"` hold.
                if let Some(quote) = Quote::at(text, at) {
                    let close = quote.close(text, at + quote.len());
                    at = (close + quote.len()).min(text.len());
                    continue;
                }
            }
            _ if depth > 0 => {}
            // What a `Debug` prints of a struct: `Secret { inner: "…" }`.
            b' ' if text.get(at + 1) == Some(&b'{') && is_type(&text[start..at]) => {}
            b' ' | b'\t' | b'\n' | b'\r' => break,
            b'&' if query => break,
            b',' | b';' if text.get(at + 1).is_none_or(u8::is_ascii_whitespace) => break,
            b'"' | b'\'' | b'`' | b'\\' | b'<' | b'>' | b')' | b']' | b'}'
                if closes(text, at + 1) =>
            {
                break;
            }
            _ => {}
        }
        at += 1;
    }
    at
}

/// Whether what stands before `at` may be the end of something: nothing of the value follows.
fn closes(text: &[u8], at: usize) -> bool {
    text.get(at)
        .is_none_or(|next| next.is_ascii_whitespace() || b",;)]}>\"'`\\&".contains(next))
}

fn is_type(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_:<>".contains(byte))
}

/// Whether a string literal may begin after this: `b"…"`, `r#"…"#`.
fn is_prefix(text: &[u8]) -> bool {
    matches!(text, b"b" | b"r" | b"br" | b"u8" | b"r#" | b"br#")
}
