//! Times as JSON has them: RFC 3339 in UTC, in milliseconds.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The length of `2026-01-31T23:59:59.999Z`.
pub(crate) const TIMESTAMP_BYTES: usize = 24;

/// The last moment with a year of four digits, which is all that RFC 3339 allows.
const LAST: Duration = Duration::new(253_402_300_799, 999_000_000);

/// Writes `time` into `to`, which is [`TIMESTAMP_BYTES`] long. Times before 1970 are written as its first moment.
pub(crate) fn write(time: SystemTime, mut to: &mut [u8]) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = humantime::format_rfc3339_millis(UNIX_EPOCH + since.min(LAST));
    let written = write!(to, "{time}");
    debug_assert!(written.is_ok() && to.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(time: SystemTime, expected: &str) {
        let mut to = [0; TIMESTAMP_BYTES];
        write(time, &mut to);
        assert_eq!(std::str::from_utf8(&to), Ok(expected));
    }

    #[test]
    fn a_time_has_milliseconds() {
        let time = UNIX_EPOCH + Duration::new(1_769_903_999, 999_999_999);
        check(time, "2026-01-31T23:59:59.999Z");
    }

    #[test]
    fn times_outside_of_four_digit_years_are_the_nearest_within() {
        check(
            UNIX_EPOCH - Duration::from_secs(1),
            "1970-01-01T00:00:00.000Z",
        );
        check(
            UNIX_EPOCH + LAST + Duration::from_secs(1),
            "9999-12-31T23:59:59.999Z",
        );
    }
}
