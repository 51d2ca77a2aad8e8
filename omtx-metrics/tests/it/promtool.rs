//! Prometheus' own parser and linter as the referee.

use omtx_metrics::testing::{Exposition, lint, lint_text};
use omtx_metrics::{Counter, Gauge, Registry, Rows, Unknown};

use crate::engine;
use crate::kinds::filled;

/// What `promtool check metrics` says of an exposition: nothing, if all is well.
#[track_caller]
fn check(text: &str) -> Option<String> {
    let output = engine::run("promtool", &["check", "metrics"], text)?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("promtool writes UTF-8");
    assert!(
        output.status.code().is_some(),
        "promtool was killed: {said}"
    );
    Some(said)
}

#[test]
fn promtool_accepts_every_kind() {
    for registry in [
        Registry::builder().build().unwrap(),
        Registry::builder()
            .namespace("omtx_hub")
            .constant_label("region", "eu \"west\" \\ 1\n")
            .build()
            .unwrap(),
    ] {
        filled(&registry);
        let Some(said) = check(&registry.to_text()) else {
            return;
        };
        assert_eq!(said, "");
    }
}

#[test]
fn promtool_accepts_the_rows_of_collectors() {
    let registry = Registry::new();
    filled(&registry);
    let rows = |rows: &mut Rows| {
        rows.gauge("pool_connections", "Connections \\ by\nstate.")
            .row(&[("state", "a\\b\n\"c\"")], f64::INFINITY)
            .row(&[], -1.5e-300);
        rows.counter("pool_waits_total", "Waits.")
            .row(&[("pool", "é😀")], 3.0);
        rows.unknown("pool_other", "Something.").row(&[], f64::NAN);
    };
    registry.register_collector("pool", rows).unwrap();
    let Some(said) = check(&registry.to_text()) else {
        return;
    };
    assert_eq!(said, "");
}

/// What our linter says is what promtool says, family by family.
#[test]
fn our_linter_agrees_with_promtool() {
    let registry = Registry::new();
    for name in [
        "job_milliseconds",
        "size_kilobytes",
        "wait_minutes",
        "delay_ms",
        "age_sec",
        "some_gauge",
        "my_counter_value",
        "some_total",
        "camelCase",
        "temperature_fahrenheit",
        "http_seconds",
        "a_s_b",
    ] {
        let gauge = registry
            .family::<(), Gauge>(name, "A gauge.")
            .register()
            .unwrap();
        gauge.with(()).set(1.0);
    }
    let counter = registry
        .family::<(), Counter>("read_bits_total", "A counter.")
        .register()
        .unwrap();
    counter.with(()).inc();
    for name in ["x_gauge", "x_hours", "x_total", "x_kb"] {
        let unknown = registry
            .family::<(), Unknown>(name, "Unknown.")
            .register()
            .unwrap();
        unknown.with(()).set(1.0);
    }
    let text = registry.to_text();

    let mut ours: Vec<String> = lint(&registry.catalog())
        .iter()
        .map(ToString::to_string)
        .collect();
    let exposition = Exposition::parse(&text).unwrap();
    let mut from_text: Vec<String> = lint_text(&exposition)
        .iter()
        .map(ToString::to_string)
        .collect();
    ours.sort();
    from_text.sort();
    assert_eq!(ours, from_text);

    let Some(said) = check(&text) else { return };
    let family = |line: &str| line.split([' ', ':']).next().unwrap_or_default().to_owned();
    // promtool 2.42 names the abbreviation's rule, but not the abbreviation; families and numbers of problems agree.
    let mut ours: Vec<String> = ours.iter().map(|line| family(line)).collect();
    let mut theirs: Vec<String> = said.lines().map(family).collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs, "{said}");
}
