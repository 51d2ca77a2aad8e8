//! Variables as the environment has them, and what is wrong with them.

use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A year: longer than anybody waits, and short enough to be added to any point in time.
pub(super) const YEAR: f64 = 31_536_000.0;

/// Where none at all would make no sense: a millisecond, the timers' resolution.
pub(super) const SOME: f64 = 0.001;

pub(super) struct Vars<F>(pub(super) F);

impl<F: Fn(&str) -> Option<OsString>> Vars<F> {
    /// Puts what the variable says in place of the default. An empty variable is an unset one, as in every shell script
    /// and manifest; one that is not UTF-8 cannot mean anything.
    pub(super) fn read<T>(
        &self,
        name: &'static str,
        expected: impl Into<String>,
        parse: impl FnOnce(&str) -> Option<T>,
        into: &mut T,
    ) -> Result<(), ConfigError> {
        let Some(value) = (self.0)(name).filter(|value| !value.is_empty()) else {
            return Ok(());
        };
        let Some(parsed) = value.to_str().and_then(parse) else {
            return Err(ConfigError::new(name, value, expected.into()));
        };
        *into = parsed;
        Ok(())
    }

    pub(super) fn whole(
        &self,
        name: &'static str,
        range: RangeInclusive<usize>,
        into: &mut usize,
    ) -> Result<(), ConfigError> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let parse = |value: &str| value.parse().ok().filter(|n| range.contains(n));
        self.read(name, expected, parse, into)
    }

    pub(super) fn bytes(&self, name: &'static str, into: &mut usize) -> Result<(), ConfigError> {
        let parse = |value: &str| value.parse().ok().filter(|n| *n > 0);
        self.read(name, "a number of bytes above 0", parse, into)
    }

    pub(super) fn seconds(
        &self,
        name: &'static str,
        range: RangeInclusive<f64>,
        into: &mut Duration,
    ) -> Result<(), ConfigError> {
        let (least, most) = (range.start(), range.end());
        let expected = format!("a number of seconds from {least} to {most}");
        let parse = |value: &str| {
            let seconds = value.parse().ok();
            seconds
                .filter(|seconds| range.contains(seconds))
                .map(Duration::from_secs_f64)
        };
        self.read(name, expected, parse, into)
    }
}

/// A variable that is set to what it cannot mean.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    name: &'static str,
    value: OsString,
    expected: String,
}

impl ConfigError {
    fn new(name: &'static str, value: OsString, expected: String) -> Self {
        // The one secret among them is not for the console.
        let value = if name == "HUB_PASSWORD_HASH" {
            "…".into()
        } else {
            value
        };
        Self {
            name,
            value,
            expected,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In quotes, and what is not UTF-8 as \xFF.
        write!(
            f,
            "invalid {} {:?}; expected {}",
            self.name, self.value, self.expected
        )
    }
}

impl std::error::Error for ConfigError {}
