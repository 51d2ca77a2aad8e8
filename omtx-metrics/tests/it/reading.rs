//! The `testing` module itself: what it refuses, and how it says so.

use std::panic::catch_unwind;

use omtx_metrics::Kind;
use omtx_metrics::testing::{Exposition, Rule, assert_same, compare, delta, lint_text};

#[track_caller]
fn refused(text: &str, error: &str) {
    assert_eq!(Exposition::parse(text).unwrap_err().to_string(), error);
}

#[track_caller]
fn read(text: &str) -> Exposition {
    Exposition::parse(text).unwrap()
}

#[test]
fn what_the_format_allows_is_read() {
    let exposition = read(concat!(
        "# a comment\n",
        "\n",
        "  \t\n",
        "#HELP a \\\\ and \\n and \"quotes\" \n",
        "# TYPE  a\tgauge \n",
        "a{ x = \"1\" , } +Inf -5\n",
        " a  NaN \n",
        "b:c{le=\"x\"} 1e-3\n",
        "# TYPE s summary\n",
        "s{quantile=\"0.5\"} 1\n",
        "s_sum 1\n",
        "s_count 2\n",
        "# HELP nothing Nothing.\n",
        "# TYPE nothing counter\n",
    ));
    assert_eq!(exposition.families().count(), 4);
    let a = exposition.family("a").unwrap();
    assert_eq!(
        (a.kind, a.help.as_deref()),
        (Kind::Gauge, Some("\\ and \n and \"quotes\" "))
    );
    assert_eq!(a.samples[0].timestamp_ms, Some(-5));
    assert_eq!(exposition.read("a", &[("x", "1")]), Some(f64::INFINITY));
    assert!(exposition.read("a", &[]).unwrap().is_nan());
    assert_eq!(exposition.family("b:c").unwrap().kind, Kind::Unknown);
    assert_eq!(exposition.read("s_count", &[]), Some(2.0));
    assert_eq!(exposition.family("nothing").unwrap().samples, []);
}

#[test]
fn malformed_lines_are_refused_with_what_stood_there() {
    let name = "a metric name, [a-zA-Z_:][a-zA-Z0-9_:]*";
    let value = "a value: a number, \"NaN\", \"+Inf\" or \"-Inf\"";
    refused(
        "a 1",
        "line 1: found \"a 1\"; expected a line feed at the end of the last line",
    );
    refused(
        "9a 1\n",
        &format!("line 1: found \"9a 1\"; expected {name}"),
    );
    refused("a\n", &format!("line 1: found \"\"; expected {value}"));
    for number in [
        "nan", "inf", "infinity", "0x1", "1_000", "1,5", "--1", "\"1\"",
    ] {
        refused(
            &format!("a {number}\n"),
            &format!("line 1: found \"{number}\"; expected {value}"),
        );
    }
    refused(
        "a 1 x\n",
        "line 1: found \"x\"; expected a timestamp in milliseconds, or nothing",
    );
    refused(
        "a 1 1 1\n",
        "line 1: found \"1\"; expected nothing after the timestamp",
    );
    refused(
        "a{9=\"1\"} 1\n",
        "line 1: found \"9=\"1\"} 1\"; expected a label name, [a-zA-Z_][a-zA-Z0-9_]*, or \"}\"",
    );
    refused(
        "a{x} 1\n",
        "line 1: found \"x} 1\"; expected a label name, [a-zA-Z_][a-zA-Z0-9_]*, or \"}\"",
    );
    refused(
        "a{x \"1\"} 1\n",
        "line 1: found \"\"1\"} 1\"; expected \"=\" after a label name",
    );
    refused(
        "a{x=1} 1\n",
        "line 1: found \"1} 1\"; expected a label value in quotes",
    );
    refused(
        "a{x=\"1} 1\n",
        "line 1: found \"\"1} 1\"; expected a closing quote on the same line",
    );
    refused(
        "a{x=\"1\" y=\"1\"} 1\n",
        "line 1: found \"y=\"1\"} 1\"; expected \",\" or \"}\" after a label",
    );
    refused(
        "a{x=\"1\",x=\"2\"} 1\n",
        "line 1: found \"=\"2\"} 1\"; expected label \"x\" once"
            .replace("=\"2\"} 1", "\"2\"} 1")
            .as_str(),
    );
    refused(
        "a{x=\"\\t\"} 1\n",
        "line 1: found \"\"\\t\"} 1\"; expected no escape but \"\\\\\", \"\\n\" and \"\\\"\" in a label value",
    );
    refused(
        "# HELP a \\t\n",
        "line 1: found \"\\t\"; expected no escape but \"\\\\\" and \"\\n\" in a HELP text",
    );
    refused(
        "# HELP a \\\"\n",
        "line 1: found \"\\\"\"; expected no escape but \"\\\\\" and \"\\n\" in a HELP text",
    );
    refused(
        "# TYPE a info\n",
        "line 1: found \"info\"; expected counter, gauge, histogram, summary or untyped",
    );
    refused(
        "# TYPE a-b gauge\n",
        &format!("line 1: found \"a-b gauge\"; expected {name}"),
    );
}

#[test]
fn an_error_quotes_120_characters_of_a_long_line() {
    let error = Exposition::parse(&format!("{} 1\n", "é".repeat(1_000))).unwrap_err();
    assert_eq!(error.found(), format!("{}…", "é".repeat(120)));
}

#[test]
fn families_stand_together_with_one_help_and_one_type_before_the_samples() {
    refused(
        "# HELP a A.\n# HELP a A.\n",
        "line 2: found \"# HELP a A.\"; expected one HELP for \"a\"",
    );
    refused(
        "# TYPE a gauge\n# TYPE a gauge\n",
        "line 2: found \"# TYPE a gauge\"; expected one TYPE for \"a\"",
    );
    refused(
        "a 1\n# TYPE a gauge\n",
        "line 2: found \"# TYPE a gauge\"; expected HELP and TYPE of \"a\" before its samples",
    );
    refused(
        "a 1\nb 1\na{x=\"1\"} 1\n",
        "line 3: found \"a{x=\"1\"} 1\"; expected all lines of \"a\" together",
    );
    refused(
        "a 1\nb 1\n# TYPE a gauge\n",
        "line 3: found \"# TYPE a gauge\"; expected all lines of \"a\" together",
    );
    refused(
        "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n",
        "line 2: found \"a{y=\"2\",x=\"1\"} 1\"; expected every series once",
    );
}

#[test]
fn a_family_has_no_name_that_a_histograms_samples_have() {
    let histogram = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_count 0\n";
    refused(
        &format!("{histogram}# TYPE h_count gauge\n"),
        "line 4: found \"# TYPE h_count gauge\"; expected HELP and TYPE of \"h\" before its samples"
            .replace("HELP and TYPE of \"h\" before its samples", "a name that is no sample of the histogram \"h\"")
            .as_str(),
    );
    refused(
        &format!("# TYPE h_sum gauge\nh_sum 1\n{histogram}"),
        "line 3: found \"# TYPE h histogram\"; expected a name whose samples do not collide with the family \"h_sum\" above",
    );
    read("# TYPE s summary\ns_count 0\n# TYPE s_bucket gauge\ns_bucket 1\n");
}

#[test]
fn values_fit_their_type() {
    let counter = "a counter's value that is 0 or more";
    for value in ["-1", "NaN"] {
        refused(
            &format!("# TYPE a counter\na {value}\n"),
            &format!("line 2: found \"a {value}\"; expected {counter}"),
        );
    }
    refused(
        "# TYPE a histogram\na 1\n",
        "line 2: found \"a 1\"; expected \"a_bucket\", \"a_sum\" or \"a_count\"",
    );
    refused(
        "# TYPE a summary\na 1\n",
        "line 2: found \"a 1\"; expected a \"quantile\" label on a summary's sample",
    );
}

#[test]
fn buckets_increase_are_cumulative_and_end_with_the_count() {
    let head = "# TYPE a histogram\n";
    refused(
        &format!("{head}a_bucket 1\n"),
        "line 2: found \"a_bucket 1\"; expected an \"le\" label that is a number or \"+Inf\"",
    );
    refused(
        &format!("{head}a_bucket{{le=\"2\"}} 1\na_bucket{{le=\"1\"}} 1\n"),
        "line 3: found \"a_bucket{le=\"1\"} 1\"; expected a bound above 2",
    );
    refused(
        &format!("{head}a_bucket{{le=\"2\"}} 1\na_count 1\n"),
        "line 3: found \"a\"; expected a bucket with le=\"+Inf\" in every series of a histogram",
    );
    refused(
        &format!("{head}a_bucket{{le=\"+Inf\"}} 1\nb 1\n"),
        "line 2: found \"a\"; expected a sample \"a_count\" in every series of a histogram",
    );
    refused(
        &format!("{head}a_bucket{{le=\"+Inf\"}} 1\na_count 2\n"),
        "line 3: found \"a_count 2\"; expected 1, the +Inf bucket",
    );
    // Each series by itself, also where they are interleaved.
    read(&format!(
        "{head}a_bucket{{x=\"1\",le=\"1\"}} 5\na_bucket{{x=\"2\",le=\"1\"}} 1\na_bucket{{x=\"1\",le=\"+Inf\"}} 5\n\
         a_bucket{{x=\"2\",le=\"+Inf\"}} 1\na_count{{x=\"1\"}} 5\na_count{{x=\"2\"}} 1\n"
    ));
}

#[test]
fn a_failed_comparison_shows_every_difference() {
    let left = read("# TYPE a gauge\na{x=\"\\n\"} 1\nb 1\nc 1 5\nd NaN\n");
    let right = read("# TYPE a counter\na{x=\"\\n\"} 1\nc 1 6\nd NaN\ne 2\n");
    let difference = "- b 1\n+ e 2\n~ c 1 5 -> 1 6\n~ # TYPE a gauge -> counter\n";
    assert_eq!(compare(&left, &right).to_string(), difference);
    let panic = catch_unwind(|| assert_same(&left, &right)).unwrap_err();
    assert_eq!(
        *panic.downcast::<String>().unwrap(),
        format!("the expositions differ (- left only, + right only, ~ changed):\n{difference}"),
    );
}

#[test]
fn bounds_are_compared_as_numbers() {
    let exposition = |bound: &str| {
        read(&format!(
            "# TYPE a histogram\na_bucket{{le=\"{bound}\"}} 1\na_bucket{{le=\"+Inf\"}} 1\na_count 1\n"
        ))
    };
    assert_same(&exposition("1000000"), &exposition("1e+06"));
    assert!(!compare(&exposition("1"), &exposition("2")).is_same());
}

#[test]
fn a_delta_knows_what_moved_and_what_did_not() {
    let histogram = |count: u32| {
        format!(
            "# TYPE h histogram\nh_bucket{{le=\"+Inf\"}} {count}\nh_sum 0\nh_count {count}\n# TYPE g gauge\ng 1\n"
        )
    };
    let before = read(&format!("{}gone 1\n", histogram(1)));
    let after = read(&format!(
        "{}# TYPE fresh gauge\nfresh 0\n# TYPE empty gauge\n",
        histogram(4)
    ));
    let delta = delta(&before, &after);
    assert_eq!(delta.moved().collect::<Vec<_>>(), ["fresh", "gone", "h"]);
    assert_eq!(delta.unmoved().collect::<Vec<_>>(), ["g", "empty"]);
    assert!(delta.has_moved("h") && !delta.has_moved("g") && !delta.is_empty());
    let by: Vec<(&str, f64)> = delta
        .moves()
        .map(|moved| (&*moved.name, moved.by()))
        .collect();
    assert_eq!(
        by,
        [
            ("fresh", 0.0),
            ("gone", -1.0),
            ("h_bucket", 3.0),
            ("h_count", 3.0)
        ]
    );
    assert_eq!(
        delta.to_string(),
        "+ fresh 0\n- gone 1\n~ h_bucket{le=\"+Inf\"} 1 -> 4\n~ h_count 1 -> 4\n",
    );
}

#[test]
fn every_naming_rule_has_a_name_that_breaks_it() {
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let problems = lint_text(&read(text));
        let said: Vec<String> = problems
            .iter()
            .map(|problem| problem.rule.to_string())
            .collect();
        assert_eq!(said, expected);
    }
    check("# HELP a A.\n# TYPE a gauge\na 1\n", &[]);
    check("# TYPE a gauge\na 1\n", &["no help text"]);
    check("# HELP a  \n# TYPE a gauge\na 1\n", &["no help text"]);
    check(
        "# HELP a A.\n# TYPE a counter\na 1\n",
        &["counter metrics should have \"_total\" suffix"],
    );
    check(
        "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n",
        &["non-counter metrics should not have \"_total\" suffix"],
    );
    check(
        "# HELP a_bucket A.\n# TYPE a_bucket gauge\na_bucket{le=\"1\"} 1\n",
        &[
            "non-histogram metrics should not have \"_bucket\" suffix",
            "non-histogram metrics should not have \"le\" label",
        ],
    );
    check(
        "# HELP a_sum A.\n# TYPE a_sum gauge\na_sum{quantile=\"1\"} 1\n",
        &[
            "non-histogram and non-summary metrics should not have \"_sum\" suffix",
            "non-summary metrics should not have \"quantile\" label",
        ],
    );
    check(
        "# HELP a_hours A.\n# TYPE a_hours gauge\na_hours 1\n",
        &["use base unit \"seconds\" instead of \"hours\""],
    );
    check(
        "# HELP a_kb_gauge A.\n# TYPE a_kb_gauge gauge\na_kb_gauge 1\n",
        &[
            "metric name should not include type 'gauge'",
            "metric names should not contain abbreviated units, such as \"kb\"",
        ],
    );
    check(
        "# HELP a:bC A.\n# TYPE a:bC gauge\na:bC{dE=\"1\"} 1\n",
        &[
            "metric names should not contain ':'",
            "metric names should be written in 'snake_case' not 'camelCase'",
            "label names should be written in 'snake_case' not 'camelCase', as \"dE\" is",
        ],
    );
    let problems = lint_text(&read("# HELP a_ms A.\n# TYPE a_ms gauge\na_ms 1\n"));
    assert_eq!(
        (&*problems[0].family, &problems[0].rule),
        ("a_ms", &Rule::AbbreviatedUnit("ms"))
    );
}

#[test]
fn openmetrics_that_breaks_a_rule_is_refused_with_the_rule() {
    #[track_caller]
    fn check(lines: &str, line: usize, expected: &str) {
        let text = format!("{lines}# EOF\n");
        let error = Exposition::parse_openmetrics(&text).unwrap_err();
        assert_eq!((error.line(), error.expected()), (line, expected), "{text}");
    }
    let order = "TYPE, UNIT and HELP of a family in this order, before its samples";
    check("# HELP a A.\n# TYPE a gauge\n", 1, order);
    check("# TYPE a gauge\n# HELP a A.\n# UNIT a seconds\n", 3, order);
    check("# TYPE a gauge\na 1\n# HELP a A.\n", 3, order);
    check("# TYPE a gauge\n# HELP b B.\n", 2, order);
    let comment = "TYPE, UNIT or HELP of a family, or \"# EOF\"";
    check("# a comment\n", 1, comment);
    check("#TYPE a gauge\n", 1, comment);
    check(
        "# TYPE a untyped\n",
        1,
        "counter, gauge, histogram, info, stateset, summary or unknown",
    );
    check("a 1\n", 1, "a TYPE before the first sample");
    check(
        "# TYPE a gauge\n\n",
        2,
        "a metric name, [a-zA-Z_:][a-zA-Z0-9_:]*",
    );
    let unit = "a unit that the name of the family ends in";
    check("# TYPE a gauge\n# UNIT a seconds\n", 2, unit);
    check("# TYPE a_seconds info\n# UNIT a_seconds seconds\n", 2, unit);
    let help = r#"no escape but "\\", "\n" and "\"" in a HELP text, and no other quote"#;
    check("# TYPE a gauge\n# HELP a \"A\".\n", 2, help);
    check(
        "# TYPE a counter\n# TYPE a_total gauge\n",
        2,
        "a name whose samples are nobody else's: \"a_total\" is taken by line 1",
    );
    check(
        "# TYPE a counter\na{x=\"1\"} 1\n",
        2,
        "a sample of the counter \"a\", one of: a_total, a_created",
    );
    let value = "a value that the type allows";
    check("# TYPE a counter\na_total -1\n", 2, value);
    check("# TYPE a counter\na_total NaN\n", 2, value);
    check("# TYPE a info\na_info 2\n", 2, value);
    check("# TYPE a stateset\na{a=\"x\"} 0.5\n", 2, value);
    check(
        "# TYPE a stateset\na{b=\"x\"} 1\n",
        2,
        "a label \"a\" that names the state",
    );
    let canonical = "a canonical number in \"le\"";
    check("# TYPE a histogram\na_bucket{le=\"1\"} 1\n", 2, canonical);
    check(
        "# TYPE a histogram\na_bucket{le=\"1000000.0\"} 1\n",
        2,
        canonical,
    );
    check("# TYPE a gauge\na  1\n", 2, "one blank before a number");
    check(
        "# TYPE a gauge\na{b=\"1\", c=\"2\"} 1\n",
        2,
        "labels without blanks and without a comma at the end",
    );
    check(
        "# TYPE a gauge\na{b=\"1\",} 1\n",
        2,
        "labels without blanks and without a comma at the end",
    );
    check("# TYPE a gauge\na 1\na 1\n", 3, "every series once");
    check(
        "# TYPE a counter\na_total{b=\"1\"} 1\na_total{b=\"2\"} 1\na_created{b=\"1\"} 1\n",
        4,
        "the samples of a series together",
    );
    check(
        "# TYPE a gauge\na 1 # {b=\"1\"} 1\n",
        2,
        "an exemplar on counters and buckets only",
    );
    let long = "x".repeat(128);
    check(
        &format!("# TYPE a counter\na_total 1 # {{b=\"{long}\"}} 1\n"),
        2,
        "128 characters of labels in an exemplar at most, not 129",
    );
    check(
        "# TYPE a histogram\na_bucket{le=\"1.0\"} 1 # {} 2.0\n",
        2,
        "an exemplar whose value lies in its bucket",
    );
    check(
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\n",
        3,
        "a \"a_sum\" beside \"a_count\"",
    );
    check("# EOF\n", 2, "nothing behind \"# EOF\"");
    let unfinished = Exposition::parse_openmetrics("# TYPE a gauge\na 1\n").unwrap_err();
    assert_eq!(unfinished.expected(), "\"# EOF\" at the end");
}
