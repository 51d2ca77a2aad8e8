//! What a `Debug` or `Display` writes, escaped as it comes.

use std::fmt;

use super::escape::escape;

/// Announces that what follows is JSON already, and ends that: two empty strings, told from others by their addresses, so
/// that no other subscriber ever sees them.
#[cfg_attr(not(feature = "serde"), allow(dead_code))]
pub(crate) mod structured {
    static MARKS: &str = "12345678";

    pub(crate) fn begin() -> &'static str {
        &MARKS[3..3]
    }

    pub(crate) fn end() -> &'static str {
        &MARKS[5..5]
    }

    pub(super) fn is_begin(text: &str) -> bool {
        text.is_empty() && std::ptr::eq(text.as_ptr(), begin().as_ptr())
    }

    pub(super) fn is_end(text: &str) -> bool {
        text.is_empty() && std::ptr::eq(text.as_ptr(), end().as_ptr())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A JSON string is being written; its opening quote is.
    Text,
    /// JSON is being copied.
    Structured,
    /// One whole JSON value was copied, and nothing may follow.
    Complete,
}

/// Writes a JSON string, quotes included; or a value that announces itself as JSON, as it is.
pub(crate) struct TextWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    /// Where the text must end at the latest.
    end: usize,
    mode: Mode,
    pub(crate) truncated: bool,
}

impl<'a> TextWriter<'a> {
    #[inline]
    pub(crate) fn new(out: &'a mut Vec<u8>, end: usize) -> Self {
        let start = out.len();
        out.push(b'"');
        Self {
            out,
            start,
            end,
            mode: Mode::Text,
            truncated: false,
        }
    }

    /// Ends the value.
    #[inline]
    pub(crate) fn finish(mut self) {
        if self.mode == Mode::Structured {
            self.give_up_structure(); // it broke off
        }
        if self.mode == Mode::Text {
            self.out.push(b'"');
        }
    }

    /// What looked like one JSON value is part of a larger text.
    #[cold]
    fn give_up_structure(&mut self) {
        let json = String::from_utf8_lossy(&self.out.split_off(self.start)).into_owned();
        self.out.push(b'"');
        self.mode = Mode::Text;
        self.text(&json);
    }

    fn text(&mut self, text: &str) {
        self.truncated |= !escape(self.out, text, self.end);
    }
}

impl fmt::Write for TextWriter<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.is_empty() {
            if structured::is_begin(text) && self.out.len() == self.start + 1 {
                self.out.pop();
                self.mode = Mode::Structured;
            } else if structured::is_end(text) && self.mode == Mode::Structured {
                self.mode = Mode::Complete;
            }
            return Ok(());
        }
        if self.truncated {
            return Err(fmt::Error); // spares the rest of a long value's formatting
        }
        match self.mode {
            Mode::Structured if self.out.len() + text.len() <= self.end => {
                self.out.extend_from_slice(text.as_bytes());
                return Ok(());
            }
            Mode::Structured | Mode::Complete => self.give_up_structure(),
            Mode::Text => {}
        }
        self.text(text);
        if self.truncated {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}
