//! What a builder takes, and what it refuses.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::rc::Rc;
use std::time::Duration;

use omtx_tracing::{Batching, Exporter, Otlp, Propagator, Signal, Telemetry, TelemetryBuilder};

fn hub() -> TelemetryBuilder {
    Telemetry::builder("hub")
}

#[track_caller]
fn refused(builder: TelemetryBuilder, expected: &str) {
    let error = builder.build().unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert!(error.is_invalid());
}

#[test]
fn what_code_sets_wrong_is_an_error_that_names_it() {
    refused(
        Telemetry::builder(" "),
        r#"invalid service name " "; expected a name"#,
    );
    refused(
        hub().otlp(Otlp::new().endpoint("collector")),
        r#"invalid endpoint "collector"; expected a URL with http:// or https:// for OTLP over HTTP"#,
    );
    refused(
        hub().otlp(Otlp::new().endpoint("http://me:secret@collector")),
        r#"invalid endpoint "<hidden>"; expected a URL like http://collector:4318, without user and password"#,
    );
    refused(
        hub().otlp_for(Signal::Logs, Otlp::new().header("a b", "c")),
        r#"invalid header "a b"; expected a header name"#,
    );
    refused(
        hub().otlp(Otlp::new().header("content-type", "text/plain")),
        r#"invalid header "content-type"; expected a header that the exporter does not set itself"#,
    );
    refused(
        hub().otlp(Otlp::new().timeout(Duration::ZERO)),
        r#"invalid timeout "0"; expected more than nothing"#,
    );
    let batching = Batching::new(Signal::Traces);
    refused(
        hub().batching(Signal::Traces, batching.max_queue_bytes(0)),
        r#"invalid max_queue_bytes "0"; expected 1 at least"#,
    );
    refused(
        hub().batching(Signal::Traces, batching.max_queue_records(10)),
        r#"invalid max_batch_records "512"; expected no more than the 10 that may wait"#,
    );
    refused(
        hub().attribute("", "value"),
        r#"invalid attribute ""; expected a name"#,
    );
    refused(
        hub().metrics_interval(Duration::ZERO),
        r#"invalid metrics_interval "0"; expected more than nothing"#,
    );
}

#[test]
fn a_service_name_that_is_blank_in_the_environment_is_not_set() {
    let telemetry = hub()
        .from_vars(|name| (name == "OTEL_SERVICE_NAME").then(|| "  ".into()))
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(
        telemetry.resource().get("service.name").unwrap().as_str(),
        "hub"
    );
}

#[test]
fn warnings_are_for_the_hook_and_for_whoever_asks() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let hook = Rc::clone(&seen);
    let telemetry = hub()
        .from_vars(|name| (name == "OTEL_PROPAGATORS").then(|| "b3,jaeger".into()))
        .unwrap()
        .on_warning(move |warning| hook.borrow_mut().push(warning.clone()))
        .build()
        .unwrap();
    assert_eq!(*seen.borrow(), telemetry.warnings());
    assert_eq!(seen.borrow()[0].value(), "jaeger");
    assert_eq!(telemetry.propagators().formats(), [Propagator::B3]);
}

#[test]
fn strict_makes_an_error_of_the_first_warning_wherever_it_is_said() {
    let vars = |name: &str| (name == "OTEL_BSP_SCHEDULE_DELAY").then(|| OsString::from("5s"));
    let expected = r#"invalid OTEL_BSP_SCHEDULE_DELAY "5s"; expected milliseconds, a whole number from 0 to 2147483647"#;
    refused(hub().strict(true).from_vars(vars).unwrap(), expected);
    refused(hub().from_vars(vars).unwrap().strict(true), expected);
}

#[cfg(unix)]
#[test]
fn what_is_not_utf_8_is_ignored_and_in_a_variable_of_our_own_an_error() {
    use std::os::unix::ffi::OsStringExt;
    let latin = || OsString::from_vec(vec![b'M', 0xfc]);
    let telemetry = hub()
        .from_vars(|name| (name == "OTEL_SERVICE_NAME").then(latin))
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(
        telemetry.warnings()[0].to_string(),
        "ignored OTEL_SERVICE_NAME \"M\u{fffd}\"; expected UTF-8",
    );
    let error = hub()
        .from_vars(|name| (name == "OMTX_ENVIRONMENT").then(latin))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid OMTX_ENVIRONMENT \"M\u{fffd}\"; expected UTF-8"
    );
}

#[test]
fn control_characters_do_not_break_the_line_that_shows_a_value() {
    let telemetry = hub()
        .from_vars(|name| {
            (name == "OTEL_TRACES_EXPORTER").then(|| "a\nlevel=ERROR\u{1b}[2J".into())
        })
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(telemetry.warnings()[0].value(), r"a\nlevel=ERROR\u{1b}[2J");
    let long = hub()
        .from_vars(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "x".repeat(10_000).into()))
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(long.warnings()[0].value().chars().count(), 201);
}

/// The manual's table cannot forget a variable, nor promise one that nobody reads.
#[test]
fn the_manual_lists_the_variables_that_are_read_and_no_others() {
    let asked = RefCell::new(BTreeSet::new());
    let ask = |name: &str| {
        // One for all signals stands for those of each.
        let general = ["TRACES_", "METRICS_", "LOGS_"]
            .into_iter()
            .find_map(|signal| {
                name.strip_prefix("OTEL_EXPORTER_OTLP_")?
                    .strip_prefix(signal)
            })
            .filter(|option| {
                !["TEMPORALITY", "DEFAULT"]
                    .iter()
                    .any(|own| option.starts_with(own))
            });
        let name = general.map_or_else(
            || name.to_owned(),
            |option| format!("OTEL_EXPORTER_OTLP_{option}"),
        );
        // A sampler asks for its argument only where it has one.
        let value = (name == "OTEL_TRACES_SAMPLER").then(|| "traceidratio".into());
        asked.borrow_mut().insert(name);
        value
    };
    let _builder = hub().from_vars(ask).unwrap();
    let mut asked = asked.into_inner();
    asked.retain(|name| name.starts_with("OTEL_") || name.starts_with("OMTX_"));

    let manual = include_str!("../../src/lib.rs");
    let (_, section) = manual.split_once("\n//! # Environment").unwrap();
    let (section, _) = section.split_once("\n//! ## ").unwrap();
    let listed: BTreeSet<String> = section
        .split('`')
        .filter(|word| word.starts_with("OTEL_") || word.starts_with("OMTX_"))
        .filter(|word| !word.contains('…'))
        .map(str::to_owned)
        .collect();
    assert_eq!(listed, asked);
}

#[test]
fn neither_the_builder_nor_the_telemetry_shows_a_header() {
    let builder = hub().otlp(
        Otlp::new()
            .endpoint("http://127.0.0.1:9/?key=hunter2")
            .header("authorization", "hunter2"),
    );
    assert!(!format!("{builder:?}").contains("hunter2"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("hunter2"));
}

#[test]
fn a_request_that_has_no_room_beside_the_resource_is_an_error() {
    let batching = Batching::new(Signal::Traces).max_batch_bytes(1000);
    let builder = hub()
        .detect_resource(false)
        .batching(Signal::Traces, batching);
    let long = |len| "x".repeat(len);
    let exports =
        |builder: TelemetryBuilder| builder.exporters(Signal::Traces, [Exporter::Console]);
    let error = exports(builder.attribute("team", long(900)))
        .build()
        .unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with(r#"invalid max_batch_bytes "1000"; expected more than the 1"#)
            && said.ends_with(" that the resource takes in each request"),
        "{said}"
    );
    let builder = hub()
        .detect_resource(false)
        .batching(Signal::Traces, batching);
    assert!(
        exports(builder.attribute("team", long(100)))
            .build()
            .is_ok()
    );
    // What is not exported needs no room.
    let builder = hub().batching(Signal::Traces, batching.max_batch_bytes(1));
    assert!(builder.build().is_ok());
}
