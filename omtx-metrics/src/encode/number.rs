//! Numbers as Prometheus reads them.

/// Appends an integer.
#[inline]
pub(crate) fn write_u64(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends an integer.
#[inline]
pub(crate) fn write_i64(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends the shortest text that reads back as `value`: `NaN`, `+Inf`, `-Inf`, whole numbers without a point.
pub(crate) fn write_f64(value: f64, out: &mut Vec<u8>) {
    /// Below this, every whole `f64` is exact as an `i64`.
    const EXACT: f64 = 9_007_199_254_740_992.0;

    if value.fract() == 0.0 && value.abs() < EXACT {
        #[allow(clippy::cast_possible_truncation)]
        write_i64(value as i64, out);
    } else if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        out.extend_from_slice(if value.is_nan() {
            b"NaN"
        } else if value > 0.0 {
            b"+Inf"
        } else {
            b"-Inf"
        });
    }
}

/// `value` as Go's `strconv.FormatFloat(value, 'g', -1, 64)` writes it.
///
/// `le` is part of a series' identity and Prometheus 2 stores its text as it comes, so it is written as client_golang
/// writes it: `0.005`, `1`, `1e+06`.
pub(crate) fn go_float(value: f64) -> String {
    let mut text = Vec::new();
    write_go_float(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Appends what [`go_float`] returns. Allocates nothing that `out` does not need.
pub(crate) fn write_go_float(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() || value == 0.0 {
        return write_f64(value, out);
    }
    if value < 0.0 {
        out.push(b'-');
    }
    let digits = Digits::of(value.abs());
    let (all, exponent) = (&digits.digits[..digits.len], digits.exponent);
    // strconv/ftoa.go, %g with the shortest precision: an exponent below -4, or 6 and above.
    if !(-4..6).contains(&exponent) {
        out.push(all[0]);
        if all.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&all[1..]);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.abs() < 10 {
            out.push(b'0');
        }
        return write_i64(exponent.abs().into(), out);
    }
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        (exponent + 1..0).for_each(|_| out.push(b'0'));
        return out.extend_from_slice(all);
    }
    let whole = usize::try_from(exponent).unwrap_or(0) + 1;
    let (before, behind) = all.split_at(whole.min(all.len()));
    out.extend_from_slice(before);
    (before.len()..whole).for_each(|_| out.push(b'0'));
    if !behind.is_empty() {
        out.push(b'.');
        out.extend_from_slice(behind);
    }
}

/// Appends `value` in OpenMetrics' canonical form: as [`write_go_float`], and always told from an integer, `1.0`.
///
/// Source: OpenMetrics 1.0, "Considerations: Canonical Numbers".
pub(crate) fn write_canonical(value: f64, out: &mut Vec<u8>) {
    /// From here on it has an exponent.
    const EXPONENT: f64 = 1e6;

    if value.fract() == 0.0 && value.abs() < EXPONENT {
        #[allow(clippy::cast_possible_truncation)]
        write_i64(value as i64, out);
        return out.extend_from_slice(b".0");
    }
    write_go_float(value, out);
}

/// The shortest digits that read back as a number.
struct Digits {
    digits: [u8; Self::MAX],
    len: usize,
    /// Of the first digit: 1.5 has 0.
    exponent: i32,
}

impl Digits {
    /// More than `zmij` writes: 17 digits, and the zeros of a number that it writes without an exponent.
    const MAX: usize = 40;

    /// `value` is finite and above 0.
    fn of(value: f64) -> Self {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let mut found = Self {
            digits: [0; Self::MAX],
            len: 0,
            exponent: exponent.parse().unwrap_or(0),
        };
        // Of the digits before the point, the last has exponent 0.
        let point = mantissa.find('.').unwrap_or(mantissa.len());
        let mut place = i32::try_from(point).unwrap_or(0) - 1;
        let mut exponent = None;
        for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
            if exponent.is_some() || digit != b'0' {
                exponent.get_or_insert(place);
                found.digits[found.len] = digit;
                found.len += 1;
            }
            place -= 1;
        }
        found.exponent += exponent.unwrap_or(0);
        while found.len > 1 && found.digits[found.len - 1] == b'0' {
            found.len -= 1;
        }
        found
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: f64) -> String {
        let mut out = Vec::new();
        write_f64(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn special_values_have_prometheus_spelling() {
        assert_eq!(written(f64::NAN), "NaN");
        assert_eq!(written(f64::INFINITY), "+Inf");
        assert_eq!(written(f64::NEG_INFINITY), "-Inf");
        assert_eq!(written(0.0), "0");
        assert_eq!(written(-3.0), "-3");
        assert_eq!(written(0.1), "0.1");
    }

    /// Expected values: `strconv.FormatFloat(x, 'g', -1, 64)` of Go 1.21.
    #[test]
    fn bounds_are_written_as_go_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.005, "0.005"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (2.5, "2.5"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (2_097_152.0, "2.097152e+06"),
            (1_073_741_824.0, "1.073741824e+09"),
            (43_200.0, "43200"),
            (1e21, "1e+21"),
            (-1.5, "-1.5"),
            (123_456.5, "123456.5"),
            (12.0, "12"),
            (0.000_123, "0.000123"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(go_float(value), text);
        }
    }

    /// OpenMetrics 1.0, "Canonical Numbers": the powers of ten from -10 to 10 are written so.
    #[test]
    fn canonical_numbers_are_those_of_the_specification() {
        let powers = [
            "1e-10", "1e-09", "1e-08", "1e-07", "1e-06", "1e-05", "0.0001", "0.001", "0.01", "0.1",
            "1.0", "10.0", "100.0", "1000.0", "10000.0", "100000.0", "1e+06", "1e+07", "1e+08",
            "1e+09", "1e+10",
        ];
        for text in powers
            .into_iter()
            .chain(["-1.0", "0.0", "2.5", "+Inf", "-Inf", "NaN"])
        {
            let value: f64 = text.replace("Inf", "inf").parse().unwrap();
            let mut out = Vec::new();
            write_canonical(value, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    /// The digits and the exponent of what `{:e}` writes.
    fn scientific(text: &str) -> (Vec<u8>, i32) {
        let (mantissa, exponent) = text.split_once('e').unwrap();
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        (digits, exponent.parse().unwrap())
    }

    /// Expected values: `strconv.FormatFloat(x, 'g', -1, 64)`, which rounds half to even.
    #[test]
    fn of_two_texts_as_short_and_as_close_the_even_one_is_taken() {
        let value = 579_813_143_637_498.0 + 0.25;
        assert_eq!(go_float(value), "5.798131436374982e+14");
    }

    proptest! {
        #[test]
        fn every_number_reads_back_as_itself(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let read = |text: &str| text.replace("Inf", "inf").parse::<f64>().unwrap();
            if value.is_nan() {
                prop_assert!(read(&written(value)).is_nan());
            } else {
                prop_assert_eq!(read(&written(value)), value);
                prop_assert_eq!(read(&go_float(value)), value);
                let mut canonical = Vec::new();
                write_canonical(value, &mut canonical);
                let canonical = String::from_utf8(canonical).unwrap();
                prop_assert_eq!(read(&canonical), value);
                prop_assert!(!value.is_finite() || canonical.contains(['.', 'e']), "{}", canonical);
            }
        }

        /// Rust's `{:e}` has the same shortest digits, and writes them another way.
        #[test]
        fn digits_are_the_shortest(bits in any::<u64>()) {
            let value = f64::from_bits(bits).abs();
            prop_assume!(value.is_finite() && value > 0.0);
            let digits = Digits::of(value);
            let (mut expected, exponent) = scientific(&format!("{value:e}"));
            if digits.digits[..digits.len] != expected {
                // Two numbers are as short and as close. Rust takes the upper one, Go the even one, and so do we.
                let (exact, _) = scientific(&format!("{value:.800e}"));
                let tie = &exact[expected.len()..];
                prop_assert!(tie.starts_with(b"5") && tie[1..].iter().all(|digit| *digit == b'0'));
                *expected.last_mut().unwrap() -= 1;
                prop_assert_eq!(expected.last().unwrap() % 2, 0);
            }
            prop_assert_eq!(&digits.digits[..digits.len], &expected);
            prop_assert_eq!(digits.exponent, exponent);
        }
    }
}
