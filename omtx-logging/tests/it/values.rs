//! Values keep their types, whatever they are.

use std::error::Error;
use std::fmt;

use omtx_logging::Severity;
use tracing::{error, info};

use crate::support::{builder, fields_of, line_and_logging, lines_of, valid};

#[track_caller]
fn check(work: impl FnOnce(), expected: &str) {
    assert_eq!(fields_of(work), expected);
}

#[test]
fn integers_stay_integers_and_what_64_bits_cannot_hold_is_a_string() {
    check(
        || info!(a = u64::MAX, b = i64::MIN, c = 7_u8, d = -7_i32, "m"),
        r#""a":18446744073709551615,"b":-9223372036854775808,"c":7,"d":-7"#,
    );
    check(
        || {
            info!(
                a = u128::MAX,
                b = i128::MIN,
                c = 7_u128,
                d = -7_i128,
                e = u128::from(u64::MAX),
                "m"
            )
        },
        r#""a":"340282366920938463463374607431768211455","b":"-170141183460469231731687303715884105728","c":7,"d":-7,"e":18446744073709551615"#,
    );
}

#[test]
fn floats_stay_numbers_and_what_json_cannot_say_is_null() {
    check(
        || {
            info!(
                a = 1.0,
                b = 0.1,
                c = -0.0,
                d = 1e300,
                e = f64::NAN,
                f = f64::INFINITY,
                g = f64::NEG_INFINITY,
                "m"
            );
        },
        r#""a":1.0,"b":0.1,"c":-0.0,"d":1e+300,"e":null,"f":null,"g":null"#,
    );
}

#[test]
fn booleans_strings_and_bytes() {
    check(
        || {
            info!(
                a = true,
                b = false,
                c = "text",
                d = String::from("owned"),
                e = &b"\x00\xff"[..],
                "m"
            )
        },
        r#""a":true,"b":false,"c":"text","d":"owned","e":"00ff""#,
    );
}

#[test]
fn debug_and_display_are_strings() {
    check(
        || info!(a = ?Some("x"), b = %"y\n", "m"),
        r#""a":"Some(\"x\")","b":"y\n""#,
    );
}

#[derive(Debug)]
struct Failure(&'static str, Option<Box<Failure>>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

#[test]
fn errors_come_with_their_sources() {
    let inner = Failure("permission denied", None);
    let outer = Failure("cannot read the model", Some(Box::new(inner)));
    check(
        || error!(error = &outer as &(dyn Error + 'static), "m"),
        r#""error":"cannot read the model: permission denied""#,
    );
}

#[test]
fn a_source_that_the_error_names_itself_is_not_said_twice() {
    let inner = Failure("permission denied", None);
    let outer = Failure("cannot read: permission denied", Some(Box::new(inner)));
    check(
        || error!(error = &outer as &(dyn Error + 'static), "m"),
        r#""error":"cannot read: permission denied""#,
    );
}

/// Does in its `Debug` and `Display` what it is told to.
struct Odd(fn(&mut fmt::Formatter<'_>) -> fmt::Result);

impl fmt::Debug for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

#[test]
fn a_debug_that_panics_loses_its_own_field_only() {
    let odd = Odd(|f| {
        f.write_str("half a \"val")?;
        std::panic::resume_unwind(Box::new(()))
    });
    let (line, logging) = line_and_logging(builder(), || info!(a = 1, odd = ?odd, b = 2, "m"));
    assert!(
        line.ends_with(r#","a":1,"odd":"[lost: formatting failed]","b":2}"#),
        "{line}"
    );
    assert_eq!(logging.stats().values_lost, 1);
}

#[test]
fn a_message_that_panics_is_lost_and_the_next_line_is_whole() {
    let odd = Odd(|_| std::panic::resume_unwind(Box::new(())));
    let lines = lines_of(builder(), || {
        info!(a = 1, "before {odd:?} after");
        info!("next");
    });
    assert_eq!(valid(&lines[0])["message"], "[lost: formatting failed]");
    assert_eq!(valid(&lines[0])["a"], 1);
    assert_eq!(valid(&lines[1])["message"], "next");
}

#[test]
fn a_debug_that_fails_loses_its_own_field_only() {
    let odd = Odd(|f| {
        f.write_str("half")?;
        Err(fmt::Error)
    });
    check(
        || info!(odd = ?odd, b = 2, "m"),
        r#""odd":"[lost: formatting failed]","b":2"#,
    );
}

#[test]
fn a_debug_that_ignores_errors_and_writes_on_is_cut_all_the_same() {
    let odd = Odd(|f| {
        for _ in 0..10_000 {
            let _ = f.write_str("0123456789");
        }
        Ok(())
    });
    let (line, _) = line_and_logging(builder(), || info!(odd = ?odd, b = 2, "m"));
    assert_eq!(valid(&line)["odd"].as_str().unwrap().len(), 8192 - 1);
    assert_eq!(valid(&line)["truncated"], true);
}

#[test]
fn a_sink_that_panics_harms_nobody_and_is_counted() {
    let sink = |_: Severity, _: &[u8]| std::panic::resume_unwind(Box::new(()));
    let logging = builder().sink(sink).build().unwrap();
    tracing::subscriber::with_default(logging.subscriber(), || info!("m"));
    assert_eq!(logging.stats().dropped_total(), 1);
    assert_eq!(logging.stats().lines_total(), 0);
}

#[cfg(feature = "serde")]
mod structured {
    use super::*;
    use omtx_logging::json;
    use std::collections::BTreeMap;

    #[test]
    fn values_of_serde_keep_their_structure() {
        let value = (
            1,
            "two\u{2028}",
            [BTreeMap::from([("k\n", 3.5)])],
            None::<()>,
        );
        check(
            || info!(plain = json(&value), debug = ?json(&value), display = %json("s"), "m"),
            r#""plain":[1,"two\u2028",[{"k\n":3.5}],null],"debug":[1,"two\u2028",[{"k\n":3.5}],null],"display":"s""#,
        );
    }

    #[test]
    fn one_that_is_part_of_a_larger_text_is_text() {
        let value = BTreeMap::from([("k", 1)]);
        check(
            || info!(pair = ?(json(&value), 2), after = %format_args!("{} more", json(&value)), "m"),
            r#""pair":"({\"k\":1}, 2)","after":"{\"k\":1} more""#,
        );
    }

    #[test]
    fn one_that_cannot_be_serialized_loses_its_own_field_only() {
        let keys_that_are_no_strings = BTreeMap::from([((1, 2), 3)]);
        check(
            || info!(bad = json(&keys_that_are_no_strings), b = 2, "m"),
            r#""bad":"[lost: formatting failed]","b":2"#,
        );
    }

    #[test]
    fn one_that_is_too_long_becomes_text_and_is_cut() {
        let long = vec![1; 10_000];
        let (line, _) = line_and_logging(builder(), || info!(long = json(&long), "m"));
        let line = valid(&line);
        assert!(line["long"].as_str().unwrap().starts_with("[1,1,"));
        assert_eq!(line["truncated"], true);
    }

    #[test]
    fn one_that_is_too_deep_is_text_below() {
        let mut value = serde_json::json!(1);
        for _ in 0..100 {
            value = serde_json::json!([value]);
        }
        let (line, _) = line_and_logging(builder(), || info!(deep = json(&value), "m"));
        valid(&line);
        assert!(!line.contains(&"[".repeat(64)) || line.contains("\"["));
    }
}
