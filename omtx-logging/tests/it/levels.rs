//! Which lines are written.

use std::collections::HashMap;
use std::ffi::OsString;

use omtx_logging::testing::Lines;
use omtx_logging::{Levels, Logging, Profile, RequestContext, Severity, critical};
use tracing::{debug, error, info, trace, warn};

use crate::support::{builder, lines_of, valid};

fn every_level() {
    trace!("t");
    debug!("d");
    info!("i");
    warn!("w");
    error!("e");
    critical!("c");
}

#[track_caller]
fn check(levels: &str, expected: &str) {
    let levels: Levels = levels.parse().unwrap();
    let lines = lines_of(builder().levels(levels), every_level);
    let messages: String = lines
        .iter()
        .map(|line| valid(line)["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(messages, expected);
}

#[test]
fn each_level_lets_through_what_is_as_serious() {
    check("trace", "tdiwec");
    check("debug", "diwec");
    check("info", "iwec");
    check("warn", "wec");
    check("WARNING", "wec");
    check("error", "ec");
    check("critical", "c");
    check("off", "");
}

#[test]
fn the_longest_target_that_fits_decides() {
    check("off,it=error,it::levels=info,it::level=off", "iwec");
    check("trace,it::levels=critical", "c");
    check("info,other=trace", "iwec");
}

#[test]
fn levels_print_in_capitals_and_trace_is_debug() {
    let lines = lines_of(builder(), every_level);
    let levels: Vec<_> = lines
        .iter()
        .map(|line| valid(line)["level"].to_string())
        .collect();
    assert_eq!(
        levels,
        [
            r#""DEBUG""#,
            r#""DEBUG""#,
            r#""INFO""#,
            r#""WARNING""#,
            r#""ERROR""#,
            r#""CRITICAL""#
        ]
    );
}

#[test]
fn context_survives_every_level_filter() {
    let lines = lines_of(builder().levels(Severity::Error), || {
        RequestContext::new("r-1").in_scope(|| {
            info!("left out");
            error!("written");
        });
    });
    assert_eq!(lines.len(), 1);
    assert_eq!(valid(&lines[0])["request_id"], "r-1");
}

#[test]
fn other_layers_get_what_the_levels_leave_out() {
    use tracing_subscriber::layer::SubscriberExt;
    let (ours, theirs) = (Lines::default(), Lines::default());
    let quiet = builder()
        .levels(Severity::Error)
        .sink(ours.clone())
        .build()
        .unwrap();
    let loud = builder().sink(theirs.clone()).build().unwrap();
    let both = tracing_subscriber::registry()
        .with(quiet.layer())
        .with(loud.layer());
    tracing::subscriber::with_default(both, || {
        let _span = tracing::info_span!("step", n = 1).entered();
        info!("i");
        error!("e");
    });
    assert_eq!(ours.take().len(), 1);
    let theirs = theirs.take();
    assert_eq!(theirs.len(), 2);
    assert!(
        theirs.iter().all(|line| line.ends_with(r#","n":1}"#)),
        "{theirs:?}"
    );
}

#[test]
fn levels_change_while_the_service_runs_on_all_threads() {
    let lines = Lines::default();
    let logging = builder()
        .levels(Severity::Error)
        .sink(lines.clone())
        .build()
        .unwrap();
    let dispatch = tracing::Dispatch::new(logging.subscriber());
    let log = || {
        let dispatch = dispatch.clone();
        std::thread::spawn(move || tracing::dispatcher::with_default(&dispatch, every_level))
            .join()
            .unwrap();
        lines.take().len()
    };
    assert_eq!(log(), 2);
    let before = logging.levels().get();
    logging.levels().set(Levels::all());
    assert_eq!(log(), 6);
    logging.levels().set(Levels::off());
    assert_eq!(log(), 0);
    logging.levels().set(before);
    assert_eq!(log(), 2);
}

fn from(vars: &[(&str, &str)]) -> Result<Logging, omtx_logging::Error> {
    let vars: HashMap<String, OsString> = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    Logging::builder("gateway")
        .from_vars(|name| vars.get(name).cloned())?
        .build()
}

#[track_caller]
fn check_vars(vars: &[(&str, &str)], expected: &str) {
    assert_eq!(from(vars).unwrap().levels().get().to_string(), expected);
}

#[test]
fn the_services_own_variable_is_stronger_than_log_level_and_that_than_rust_log() {
    check_vars(&[], "info");
    check_vars(&[("RUST_LOG", "debug,sqlx=warn")], "debug,sqlx=warning");
    check_vars(
        &[("RUST_LOG", "debug,sqlx=warn"), ("LOG_LEVEL", "ERROR")],
        "error,sqlx=warning",
    );
    check_vars(
        &[
            ("RUST_LOG", "debug"),
            ("LOG_LEVEL", "ERROR"),
            ("GATEWAY_LOG_LEVEL", "WARNING"),
        ],
        "warning",
    );
    check_vars(
        &[("RUST_LOG", "a=off"), ("GATEWAY_LOG_LEVEL", "a=trace")],
        "info,a=trace",
    );
    check_vars(&[("LOG_LEVEL", " "), ("AGENT_LOG_LEVEL", "DEBUG")], "info");
}

#[test]
fn the_format_comes_from_the_environment_too() {
    assert_eq!(from(&[]).unwrap().profile(), Profile::Omtx);
    assert_eq!(
        from(&[("LOG_FORMAT", "GCP")]).unwrap().profile(),
        Profile::Gcp
    );
}

#[track_caller]
fn check_error(var: (&str, &str), expected: &str) {
    let error = from(&[var]).unwrap_err();
    assert!(error.is_invalid());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_malformed_variable_is_an_error_that_names_it() {
    check_error(
        ("LOG_FORMAT", "xml"),
        r#"invalid LOG_FORMAT "xml"; expected omtx, gcp, flat, python, ecs or pretty"#,
    );
    for (name, value) in [
        ("LOG_LEVEL", "loud"),
        ("RUST_LOG", "info,[span]=debug"),
        ("GATEWAY_LOG_LEVEL", "hub=loud"),
        ("LOG_LEVEL", "=info"),
        ("LOG_LEVEL", "a=b=info"),
    ] {
        let error = from(&[(name, value)]).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("invalid {name} \"{value}\"; expected")),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    let error = Logging::builder("gateway")
        .from_vars(|name| (name == "LOG_LEVEL").then(|| OsString::from_vec(vec![0xff])))
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "invalid LOG_LEVEL \"\u{fffd}\"; expected UTF-8"
    );
}
