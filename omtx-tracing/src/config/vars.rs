use std::ffi::OsString;
use std::time::Duration;

use super::Warning;

/// What stands for a value that may be a secret.
pub(crate) const HIDDEN: &str = "<hidden>";

/// What a timeout of 0 is, which the specification calls indefinite, and lets be "a very long time".
const INDEFINITE: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads variables by the rules of the specification (configuration/sdk-environment-variables.md): empty is not set, and what
/// is malformed is not set either, with a warning.
pub(crate) struct Vars<'a> {
    read: &'a dyn Fn(&str) -> Option<OsString>,
    pub(crate) warnings: Vec<Warning>,
}

impl<'a> Vars<'a> {
    pub(crate) fn new(read: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self {
            read,
            warnings: Vec::new(),
        }
    }

    /// The value as it is: `Err` if it is not UTF-8, with what can be shown of it.
    pub(crate) fn raw(&self, name: &str) -> Result<Option<String>, String> {
        match (self.read)(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(value)) if value.trim().is_empty() => Ok(None),
            Some(Ok(value)) => Ok(Some(value.trim().to_owned())),
            Some(Err(value)) => Err(value.to_string_lossy().into_owned()),
        }
    }

    pub(crate) fn warn(&mut self, name: &str, value: &str, expected: impl Into<String>) {
        self.warnings.push(Warning::new(name, value, expected));
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let secret = name.ends_with("_HEADERS") || name.ends_with("_ENDPOINT");
        self.raw(name).unwrap_or_else(|value| {
            self.warn(name, if secret { HIDDEN } else { &value }, "UTF-8");
            None
        })
    }

    pub(crate) fn parse<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.text(name)?;
        let parsed = parse(&value);
        if parsed.is_none() {
            self.warn(name, &value, expected);
        }
        parsed
    }

    /// `true` in any case is true, and all else is false ("Boolean").
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        let value = self.text(name)?;
        let is_true = value.eq_ignore_ascii_case("true");
        if !is_true && !value.eq_ignore_ascii_case("false") {
            self.warn(name, &value, "true or false");
        }
        Some(is_true)
    }

    /// A whole number from `least` to 2³¹ − 1 ("Integer").
    pub(crate) fn integer(&mut self, name: &str, least: u32) -> Option<usize> {
        let most = i32::MAX as u32;
        let expected = format!("a whole number from {least} to {most}");
        let number = self.parse(name, &expected, |value| {
            let number: u32 = value.parse().ok()?;
            (least..=most).contains(&number).then_some(number)
        });
        number.map(|number| number as usize)
    }

    /// Milliseconds ("Duration").
    pub(crate) fn duration(&mut self, name: &str) -> Option<Duration> {
        let expected = "milliseconds, a whole number from 0 to 2147483647";
        self.parse(name, expected, |value| {
            let millis: u32 = value.parse().ok()?;
            (millis <= i32::MAX as u32).then(|| Duration::from_millis(u64::from(millis)))
        })
    }

    /// Milliseconds, of which 0 is no limit ("Timeout").
    pub(crate) fn timeout(&mut self, name: &str) -> Option<Duration> {
        let timeout = self.duration(name)?;
        Some(if timeout.is_zero() {
            INDEFINITE
        } else {
            timeout.min(INDEFINITE)
        })
    }

    /// Names between commas. Those that are not known are left out, with a warning; `none` is no name ("Enum").
    pub(crate) fn names<T>(
        &mut self,
        name: &str,
        known: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let value = self.text(name)?;
        let listed = value
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let mut found = Vec::new();
        let mut any = false;
        for listed in listed {
            if listed == "none" {
                any = true;
            } else if let Some(known) = parse(listed) {
                any = true;
                found.push(known);
            } else {
                self.warn(name, listed, known);
            }
        }
        any.then_some(found)
    }
}
