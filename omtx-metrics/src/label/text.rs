//! A series' labels as the bytes that every text scrape copies: `method="GET",endpoint="/jobs"`.
//!
//! These bytes are also the key: an open label is compared with them in place, so that a series stores its labels once.

use super::{LabelVisitor, Labels, OVERFLOW, bounded, strip_escaped, write_pair};

/// The escaped pairs of one series, without braces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LabelText {
    text: Box<str>,
    /// Where the first open value starts; 0 if there is none.
    open_at: u32,
    /// Its length in bytes, or [`ESCAPED`].
    open_len: u32,
}

/// Some value needed an escape, and comparisons must respect that. No value is that long.
const ESCAPED: u32 = u32::MAX;

impl LabelText {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The first open value, if no value needed an escape.
    #[inline]
    pub(crate) fn first_open(&self) -> Option<&[u8]> {
        let (at, len) = (self.open_at as usize, self.open_len as usize);
        if self.is_escaped() {
            return None;
        }
        self.text.as_bytes().get(at..at + len)
    }

    #[inline]
    fn is_escaped(&self) -> bool {
        self.open_len == ESCAPED
    }

    /// The pairs of `of`, under these names.
    pub(crate) fn new<L: Labels>(of: &L::Of<'_>, names: &[Box<str>]) -> Self {
        let mut writer = TextWriter::new(names);
        L::visit(of, &mut writer);
        writer.finish()
    }
}

/// Writes the pairs that it is shown.
pub(crate) struct TextWriter<'a> {
    names: std::slice::Iter<'a, Box<str>>,
    text: Vec<u8>,
    escaped: bool,
    open: Option<(u32, u32)>,
}

impl<'a> TextWriter<'a> {
    pub(crate) fn new(names: &'a [Box<str>]) -> Self {
        Self {
            names: names.iter(),
            text: Vec::new(),
            escaped: false,
            open: None,
        }
    }

    pub(crate) fn finish(self) -> LabelText {
        LabelText {
            text: String::from_utf8(self.text)
                .expect("escaping inserts only ASCII into UTF-8")
                .into_boxed_str(),
            open_at: self.open.unwrap_or_default().0,
            open_len: match self.open.unwrap_or_default() {
                _ if self.escaped => ESCAPED,
                (_, len) => len,
            },
        }
    }

    fn pair(&mut self, value: &str) {
        let name = self.names.next().expect("one name per label");
        // Escapes make a pair longer than its parts: a comma unless it is the first, `="` and `"`.
        let plain = usize::from(!self.text.is_empty()) + name.len() + value.len() + 3;
        let before = self.text.len();
        write_pair(name, value, &mut self.text);
        self.escaped |= self.text.len() - before != plain;
    }
}

impl LabelVisitor for TextWriter<'_> {
    fn closed(&mut self, value: &'static str) {
        self.pair(value);
    }

    #[allow(clippy::cast_possible_truncation)] // a value has 64 KiB at most
    fn open(&mut self, value: &str) {
        let value = bounded(value);
        self.pair(value);
        // The value and its closing quote are last. Where something was escaped, nobody asks.
        let at = self.text.len().saturating_sub(value.len() + 1);
        self.open.get_or_insert((at as u32, value.len() as u32));
    }
}

/// Tells whether the one open label of a set has the value of a series whose closed labels are known to be equal: what
/// [`Matcher`] tells of any set, without walking through the names.
pub(crate) struct OneOpen<'a> {
    pub(crate) value: &'a [u8],
    pub(crate) equal: bool,
}

impl LabelVisitor for OneOpen<'_> {
    #[inline]
    fn closed(&mut self, _: &'static str) {}

    #[inline]
    fn open(&mut self, value: &str) {
        self.equal = equal(self.value, bounded(value).as_bytes());
    }
}

/// `a == b`, without the call that a comparison of unknown length is: routes and names are short.
#[inline]
fn equal(a: &[u8], b: &[u8]) -> bool {
    let word = |bytes: &[u8], at: usize| -> u64 {
        bytes[at..at + 8].try_into().map_or(0, u64::from_ne_bytes)
    };
    let len = a.len();
    if len != b.len() {
        return false;
    }
    match len {
        // Two words that overlap where the length is no multiple of eight.
        8..=16 => (word(a, 0) ^ word(b, 0)) | (word(a, len - 8) ^ word(b, len - 8)) == 0,
        17..=32 => {
            (word(a, 0) ^ word(b, 0))
                | (word(a, 8) ^ word(b, 8))
                | (word(a, len - 16) ^ word(b, len - 16))
                | (word(a, len - 8) ^ word(b, len - 8))
                == 0
        }
        _ => a == b,
    }
}

/// Tells whether the labels that it is shown are those of a series whose closed labels are known to be equal.
pub(crate) struct Matcher<'a> {
    text: &'a [u8],
    names: std::slice::Iter<'a, Box<str>>,
    escaped: bool,
    at: usize,
    open_left: usize,
    equal: bool,
}

impl<'a> Matcher<'a> {
    /// `open` is how many open labels will be shown.
    #[inline]
    pub(crate) fn new(series: &'a LabelText, names: &'a [Box<str>], open: usize) -> Self {
        Self {
            text: series.text.as_bytes(),
            names: names.iter(),
            escaped: series.is_escaped(),
            at: 0,
            open_left: open,
            equal: true,
        }
    }

    /// True if all labels matched and nothing of the series is left over.
    #[inline]
    pub(crate) fn is_match(&self) -> bool {
        self.equal && self.at == self.text.len() + 1
    }

    /// Skips `name="`.
    #[inline]
    fn skip_name(&mut self) {
        if let Some(name) = self.names.next() {
            self.at += name.len() + 2;
        }
    }
}

impl LabelVisitor for Matcher<'_> {
    #[inline]
    fn closed(&mut self, value: &'static str) {
        self.skip_name();
        // Closed values are checked by the macro to need no escape.
        self.at += value.len() + 2; // `",` or the end
    }

    #[inline]
    fn open(&mut self, value: &str) {
        self.skip_name();
        if !self.equal {
            return;
        }
        let value = bounded(value);
        let end = self.at + value.len();
        self.open_left -= 1;
        if !self.escaped {
            // Every quote in the series is structure. A value that holds a quote could still match across it, so it
            // must hold none; the last value cannot, because the whole length is compared as well.
            self.equal = self.text.get(end) == Some(&b'"')
                && &self.text[self.at..end] == value.as_bytes()
                && (self.open_left == 0 || !value.as_bytes().contains(&b'"'));
            self.at = end + 2;
        } else {
            self.equal = self.matches_escaped(value);
        }
    }
}

impl Matcher<'_> {
    #[cold]
    fn matches_escaped(&mut self, value: &str) -> bool {
        let text = self.text.get(self.at..).unwrap_or_default();
        let Some(rest) = strip_escaped(text, value) else {
            return false;
        };
        self.at = self.text.len() - rest.len() + 2; // `",` or the end
        rest.first() == Some(&b'"')
    }
}

/// Shows another visitor the same labels with [`OVERFLOW`] for every open value.
pub(crate) struct Overflowed<'a, V>(pub(crate) &'a mut V);

impl<V: LabelVisitor> LabelVisitor for Overflowed<'_, V> {
    fn closed(&mut self, value: &'static str) {
        self.0.closed(value);
    }

    fn open(&mut self, _: &str) {
        self.0.open(OVERFLOW);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Two;
    impl Labels for Two {
        type Of<'a> = (&'a str, bool, &'a str);
        const LABELS: &'static [crate::desc::LabelDesc] = &[];
        const CLOSED: usize = 2;
        const OPEN: usize = 2;
        fn closed_index(of: &Self::Of<'_>) -> usize {
            usize::from(of.1)
        }
        fn visit<V: LabelVisitor>(of: &Self::Of<'_>, visitor: &mut V) {
            visitor.open(of.0);
            visitor.closed(if of.1 { "true" } else { "false" });
            visitor.open(of.2);
        }
        fn from_closed_index(_: usize) -> Option<Self::Of<'static>> {
            None
        }
    }

    fn names() -> [Box<str>; 3] {
        ["a".into(), "b".into(), "c".into()]
    }

    fn matches(series: (&str, bool, &str), other: (&str, bool, &str)) -> bool {
        let names = names();
        let text = LabelText::new::<Two>(&series, &names);
        let mut matcher = Matcher::new(&text, &names, 2);
        Two::visit(&other, &mut matcher);
        matcher.is_match()
    }

    #[test]
    fn values_of_every_length_are_compared_to_their_last_byte() {
        let a: Vec<u8> = (0..100).collect();
        for len in 0..a.len() {
            assert!(equal(&a[..len], &a[..len]), "{len}");
            assert!(!equal(&a[..len], &a[..len + 1]), "{len}");
            for at in 0..len {
                let mut b = a[..len].to_vec();
                b[at] ^= 1;
                assert!(!equal(&a[..len], &b), "{len} {at}");
            }
        }
    }

    #[test]
    fn a_value_that_looks_like_structure_is_another_series() {
        assert!(matches(("x", true, "wxyz"), ("x", true, "wxyz")));
        assert!(!matches(
            ("x", true, "wxyz"),
            (r#"x",b="true",c="#, true, "z")
        ));
        assert!(!matches(("ab", true, "c"), ("a", true, "bc")));
        assert!(!matches((r"a\n", true, "c"), ("a\n", true, "c")));
    }

    proptest! {
        #[test]
        fn a_series_matches_its_own_labels_and_no_others(
            a in "[a\",=bc\\\\\n]{0,12}", c in "[a\",=bc\\\\\n]{0,6}", x in "[a\",=bc\\\\\n]{0,12}", z in "[a\",=bc\\\\\n]{0,6}",
        ) {
            prop_assert!(matches((&a, true, &c), (&a, true, &c)));
            prop_assert_eq!(matches((&a, true, &c), (&x, true, &z)), (&a, &c) == (&x, &z));
        }
    }
}
