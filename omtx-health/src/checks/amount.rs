//! Sizes and times as people read them.

use std::fmt;
use std::time::Duration;

/// Bytes with a binary unit: `512 B`, `1.5 GiB`.
pub(super) struct Bytes(pub(super) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        let mut value = self.0 as f64 / 1024.0;
        let mut unit = 0;
        // 1023.95 would be printed as 1024.0.
        while value >= 1023.95 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        write!(f, "{value:.1} {}", UNITS[unit])
    }
}

/// The share of `part` in `whole`, in whole percent, cut off: 94.9 % is not 95 % yet. Nothing of nothing is 0.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    match whole {
        0 => 0,
        _ => u64::try_from(u128::from(part) * 100 / u128::from(whole)).unwrap_or(u64::MAX),
    }
}

/// A time in seconds, or in milliseconds where that tells more: `3 s`, `412 ms`, `90 s`.
pub(super) struct Time(pub(super) Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.as_secs(), self.0.subsec_millis()) {
            (0..=9, 1..) => write!(f, "{} ms", self.0.as_millis()),
            (seconds, _) => write!(f, "{seconds} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_unit_that_makes_them_short() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_048_524, "1023.9 KiB"),
            (1_048_575, "1.0 MiB"),
            (1_610_612_736, "1.5 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), expected);
        }
    }

    #[test]
    fn times_have_the_unit_that_tells_most() {
        for (ms, expected) in [
            (0, "0 s"),
            (412, "412 ms"),
            (3_000, "3 s"),
            (9_999, "9999 ms"),
            (90_500, "90 s"),
        ] {
            assert_eq!(Time(Duration::from_millis(ms)).to_string(), expected);
        }
    }

    #[test]
    fn percents_are_cut_off() {
        assert_eq!(percent(949, 1000), 94);
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
        assert_eq!(percent(0, 0), 0);
    }
}
