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
    if !value.is_finite() || value == 0.0 {
        let mut text = Vec::new();
        write_f64(value, &mut text);
        return String::from_utf8_lossy(&text).into_owned();
    }
    // Rust's `{:e}` has the same shortest digits: `-d.ddde-x`.
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // strconv/ftoa.go, %g with the shortest precision: an exponent below -4, or 6 and above.
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    } else {
        format!("{value}")
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
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(go_float(value), text);
        }
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
            }
        }
    }
}
