//! RFC 3339 in UTC, of fixed width.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How exact the timestamps of lines are.
///
/// Each has a fixed width, so that lines sort as text.
///
/// ```
/// use omtx_logging::Precision;
///
/// assert_eq!(Precision::default(), Precision::Micros);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// `2025-01-20T18:00:00Z`
    Seconds,
    /// `2025-01-20T18:00:00.000Z`
    Millis,
    /// `2025-01-20T18:00:00.000000Z`, the default.
    #[default]
    Micros,
    /// `2025-01-20T18:00:00.000000000Z`
    Nanos,
}

/// The last second that was written on this thread: all but its fraction repeats.
pub(crate) struct Seconds {
    second: u64,
    text: [u8; 19],
}

impl Default for Seconds {
    fn default() -> Self {
        Self {
            second: 0,
            text: *b"1970-01-01T00:00:00",
        }
    }
}

/// 9999-12-31T23:59:59Z: RFC 3339 has four digits for the year.
const LAST: u64 = 253_402_300_799;

/// Time since the Unix epoch, held to the years 1970 to 9999.
pub(crate) fn since_epoch(time: SystemTime) -> Duration {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.min(Duration::new(LAST, 999_999_999))
}

impl Seconds {
    /// Appends the timestamp.
    #[inline]
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, since_epoch: Duration, precision: Precision) {
        if since_epoch.as_secs() != self.second {
            self.second = since_epoch.as_secs();
            self.text = date_and_time(self.second);
        }
        out.extend_from_slice(&self.text);
        let nanos = since_epoch.subsec_nanos();
        match precision {
            Precision::Seconds => out.push(b'Z'),
            Precision::Millis => fraction::<5>(out, nanos / 1_000_000),
            Precision::Micros => fraction::<8>(out, nanos / 1_000),
            Precision::Nanos => fraction::<11>(out, nanos),
        }
    }
}

/// A dot, digits and a `Z`, `WIDTH` bytes of them.
#[inline]
fn fraction<const WIDTH: usize>(out: &mut Vec<u8>, mut n: u32) {
    let mut text = [b'.'; WIDTH];
    text[WIDTH - 1] = b'Z';
    for digit in text[1..WIDTH - 1].iter_mut().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
    out.extend_from_slice(&text);
}

/// Once a second: what comes in between is copied.
#[cold]
fn date_and_time(second: u64) -> [u8; 19] {
    let mut text = [b'0'; 20];
    let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(second));
    let written = write!(&mut text[..], "{time}");
    debug_assert!(written.is_ok(), "{second} is beyond the year 9999");
    let mut without_zone = [0; 19];
    without_zone.copy_from_slice(&text[..19]);
    without_zone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(since_epoch: Duration, precision: Precision, expected: &str) {
        let mut out = Vec::new();
        Seconds::default().write(&mut out, since_epoch, precision);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn timestamps_have_a_fixed_width() {
        let time = Duration::new(1_737_396_000, 1_002_003);
        check(time, Precision::Seconds, "2025-01-20T18:00:00Z");
        check(time, Precision::Millis, "2025-01-20T18:00:00.001Z");
        check(time, Precision::Micros, "2025-01-20T18:00:00.001002Z");
        check(time, Precision::Nanos, "2025-01-20T18:00:00.001002003Z");
    }

    #[test]
    fn leap_days_centuries_and_the_ends_of_time() {
        // `date -u -d @N`
        for (second, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            check(Duration::from_secs(second), Precision::Seconds, expected);
        }
        assert_eq!(
            since_epoch(UNIX_EPOCH - Duration::from_secs(1)),
            Duration::ZERO
        );
        let far = UNIX_EPOCH + Duration::from_secs(LAST * 2);
        assert_eq!(since_epoch(far).as_secs(), LAST);
    }
}
