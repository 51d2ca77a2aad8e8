//! Names of secrets, however they are spelt.

/// Names, by their last letter: one look tells most texts from all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// A bit for each last letter: `a` to `z`, then `0` to `9`.
    last: u64,
    names: Vec<Name>,
}

impl Names {
    pub(super) fn of(names: &[&str]) -> Self {
        let mut all = Self::default();
        for name in names {
            all.add(name);
        }
        all
    }

    /// A name without a letter or digit is ignored.
    pub(super) fn add(&mut self, name: &str) {
        let Some(name) = Name::new(name) else { return };
        self.last |= name.0.last().map_or(0, |last| bit(*last));
        self.names.push(name);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether `text` ends with one of them.
    #[inline]
    pub(super) fn end(&self, text: &[u8]) -> bool {
        match text.last() {
            // Digits may follow a name.
            Some(last) if self.last & bit(*last) != 0 || last.is_ascii_digit() => {
                self.names.iter().any(|name| name.ends(text))
            }
            _ => false,
        }
    }
}

fn bit(byte: u8) -> u64 {
    match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => 1 << (letter - b'a'),
        digit @ b'0'..=b'9' => 1 << (digit - b'0' + 26),
        _ => 0,
    }
}

/// A name as its letters and digits, in lower case: `api_key`, `apiKey`, `API-KEY` and `apikey` are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(Box<[u8]>);

impl Name {
    /// None if there is no letter or digit in it.
    pub(super) fn new(name: &str) -> Option<Self> {
        let letters: Box<[u8]> = name
            .bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|byte| byte.to_ascii_lowercase())
            .collect();
        (!letters.is_empty()).then_some(Self(letters))
    }

    /// Whether `text` ends with it, as a word or several: `db_password`, `userPassword` and `password2` end with
    /// `password`; `tokens` and `detoken` do not end with `token`.
    #[inline]
    pub(super) fn ends(&self, text: &[u8]) -> bool {
        let mut left = text;
        while let [rest @ .., b'0'..=b'9'] = left {
            left = rest;
        }
        let text = if self.0.last().is_some_and(u8::is_ascii_digit) {
            text
        } else {
            left
        };
        // Most names are told from most others by their last letter.
        match (text.last(), self.0.last()) {
            (Some(last), Some(own)) if last.to_ascii_lowercase() == *own => self.ends_whole(text),
            _ => false,
        }
    }

    fn ends_whole(&self, text: &[u8]) -> bool {
        let mut at = text.len();
        for (letters, own) in self.0.iter().rev().enumerate() {
            while letters > 0 && at > 0 && matches!(text[at - 1], b'_' | b'-' | b' ') {
                at -= 1;
            }
            if at == 0 || text[at - 1].to_ascii_lowercase() != *own {
                return false;
            }
            at -= 1;
        }
        // A word begins here: after anything that is no letter, or at a capital after a small one.
        match at.checked_sub(1).map(|before| text[before]) {
            Some(before) if before.is_ascii_alphanumeric() => {
                text[at].is_ascii_uppercase() && !before.is_ascii_uppercase()
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: bool) {
        let name = Name::new(name).unwrap();
        assert_eq!(name.ends(text.as_bytes()), expected, "{name:?} {text:?}");
    }

    #[test]
    fn a_name_is_found_in_every_spelling() {
        for text in [
            "api_key",
            "apiKey",
            "API-KEY",
            "apikey",
            "X-Api-Key",
            "myApiKey",
            "my.apikey",
            "the API key",
            "ApiKey7",
            "über_api_key",
        ] {
            check("api_key", text, true);
        }
    }

    #[test]
    fn a_part_of_another_word_is_not_a_name() {
        for text in [
            "tokens",
            "detoken",
            "token_count",
            "tok",
            "",
            "7",
            "TOKENS_USED",
            "DETOKEN",
        ] {
            check("token", text, false);
        }
    }

    #[test]
    fn a_name_may_end_in_a_digit() {
        check("oauth2", "x_oauth2", true);
        check("oauth2", "oauth", false);
    }

    #[test]
    fn no_letter_is_no_name() {
        assert_eq!(Name::new("-_ é"), None);
    }
}
