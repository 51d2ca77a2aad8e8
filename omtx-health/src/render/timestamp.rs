//! Times as JSON has them: RFC 3339 in UTC, in milliseconds.

use std::time::{SystemTime, UNIX_EPOCH};

/// The length of `2026-01-31T23:59:59.999Z`.
pub(crate) const TIMESTAMP_BYTES: usize = 24;

const DAY: u64 = 24 * 60 * 60;

/// The last moment with a year of four digits, which is all that RFC 3339 allows.
const LAST: u64 = 253_402_300_799;

/// Writes `time` into `to`, which is [`TIMESTAMP_BYTES`] long. Times before 1970 are written as its first moment.
pub(crate) fn write(time: SystemTime, to: &mut [u8]) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = if since.as_secs() > LAST {
        (LAST, 999)
    } else {
        (since.as_secs(), u64::from(since.subsec_millis()))
    };
    let (year, month, day) = civil(seconds / DAY);
    let clock = seconds % DAY;
    to.copy_from_slice(b"0000-00-00T00:00:00.000Z");
    for (from, digits, value) in [
        (0, 4, year),
        (5, 2, month),
        (8, 2, day),
        (11, 2, clock / 3600),
        (14, 2, clock / 60 % 60),
        (17, 2, clock % 60),
        (20, 3, millis),
    ] {
        let mut rest = value;
        for digit in to[from..from + digits].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

/// Year, month and day of a day since 1970: Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>), whose years begin in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn text(time: SystemTime) -> String {
        let mut to = [0; TIMESTAMP_BYTES];
        write(time, &mut to);
        String::from_utf8(to.to_vec()).unwrap()
    }

    #[test]
    fn times_outside_of_four_digit_years_are_the_nearest_within() {
        assert_eq!(
            text(UNIX_EPOCH - Duration::from_secs(1)),
            "1970-01-01T00:00:00.000Z"
        );
        assert_eq!(
            text(UNIX_EPOCH + Duration::from_secs(LAST + 1)),
            "9999-12-31T23:59:59.999Z"
        );
    }

    proptest::proptest! {
        #[test]
        fn times_are_written_as_others_write_them(seconds in 0..=LAST, millis in 0..1000_u32) {
            let time = UNIX_EPOCH + Duration::new(seconds, millis * 1_000_000);
            proptest::prop_assert_eq!(text(time), humantime::format_rfc3339_millis(time).to_string());
        }
    }
}
