//! The reference parser of OpenMetrics, Python's `prometheus_client.openmetrics.parser`, as the referee.

use std::path::Path;

use omtx_metrics::Registry;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::engine;
use crate::formats::{hostile_registry, hostile_values};
use crate::kinds::filled;

/// Where Debian's python3-prometheus-client puts it.
const PARSER: &str = "/usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py";

/// Reads expositions, each behind its length on a line of its own, and says how many families and samples each has.
const SCRIPT: &str = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
while True:
    length = sys.stdin.buffer.readline()
    if not length:
        break
    text = sys.stdin.buffer.read(int(length)).decode('utf-8')
    families = list(text_string_to_metric_families(text))
    print(len(families), sum(len(family.samples) for family in families))
";

/// Families and samples that the parser finds in each exposition; fails if it refuses one.
#[track_caller]
fn check(expositions: &[String]) {
    if !Path::new(PARSER).exists() {
        return engine::missing(PARSER, "the parser is not installed");
    }
    let input: String = expositions
        .iter()
        .map(|text| format!("{}\n{text}", text.len()))
        .collect();
    let Some(output) = engine::run("/usr/bin/python3", &["-c", SCRIPT], input) else {
        return;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((said.as_str(), output.status.code()), ("", Some(0)));
    let found = String::from_utf8(output.stdout).unwrap();
    let expected: String = expositions
        .iter()
        .map(|text| {
            let families = text
                .lines()
                .filter(|line| line.starts_with("# TYPE"))
                .count();
            let samples = text.lines().filter(|line| !line.starts_with('#')).count();
            format!("{families} {samples}\n")
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_reference_parser_accepts_every_kind() {
    let registry = Registry::new();
    filled(&registry);
    check(&[registry.to_openmetrics(), Registry::new().to_openmetrics()]);
}

#[test]
fn the_reference_parser_accepts_hostile_registries() {
    let mut runner = TestRunner::deterministic();
    let strategy = hostile_values();
    let expositions: Vec<String> = (0..64)
        .map(|_| {
            let values = strategy.new_tree(&mut runner).unwrap().current();
            hostile_registry(&values).to_openmetrics()
        })
        .collect();
    check(&expositions);
}
