//! Whole expositions, character by character.

use omtx_metrics::testing::{Exposition, assert_same, lint};
use omtx_metrics::{Counter, MetricSet, Registry, SetOptions};

use crate::kinds::{Kinds, filled};

const EVERY_KIND: &str = r#"# HELP answer_seconds Time to answer.
# TYPE answer_seconds histogram
answer_seconds_bucket{le="0.1"} 2
answer_seconds_bucket{le="1"} 2
answer_seconds_bucket{le="2e+06"} 3
answer_seconds_bucket{le="+Inf"} 4
answer_seconds_sum 3.15
answer_seconds_count 4
# HELP build_info What is running.
# TYPE build_info gauge
build_info{version="1.2.3"} 1
# HELP clock_drift How far the clock is off, in either direction.
# TYPE clock_drift histogram
clock_drift_bucket{le="-1"} 1
clock_drift_bucket{le="0"} 1
clock_drift_bucket{le="1"} 2
clock_drift_bucket{le="+Inf"} 2
clock_drift_count 2
# HELP energy_joules_total Energy used.
# TYPE energy_joules_total counter
energy_joules_total 1.5
# HELP jobs_ended_total Jobs ended, by outcome.
# TYPE jobs_ended_total counter
jobs_ended_total{outcome="ok"} 0
jobs_ended_total{outcome="timed_out"} 1
# HELP jobs_started_total Jobs started.
# TYPE jobs_started_total counter
jobs_started_total 3
# HELP legacy_value What a dashboard calls it: `\\` and "quotes".
# TYPE legacy_value untyped
legacy_value NaN
# HELP queue_depth Jobs waiting.
# TYPE queue_depth gauge
queue_depth -2
# HELP request_duration_seconds Time to answer, by path.
# TYPE request_duration_seconds histogram
request_duration_seconds_bucket{path="/a",outcome="ok",le="0.5"} 1
request_duration_seconds_bucket{path="/a",outcome="ok",le="+Inf"} 1
request_duration_seconds_sum{path="/a",outcome="ok"} 0.25
request_duration_seconds_count{path="/a",outcome="ok"} 1
request_duration_seconds_bucket{path="/a",outcome="timed_out",le="0.5"} 1
request_duration_seconds_bucket{path="/a",outcome="timed_out",le="+Inf"} 1
request_duration_seconds_sum{path="/a",outcome="timed_out"} 0.25
request_duration_seconds_count{path="/a",outcome="timed_out"} 1
request_duration_seconds_bucket{path="/b",outcome="ok",le="0.5"} 1
request_duration_seconds_bucket{path="/b",outcome="ok",le="+Inf"} 1
request_duration_seconds_sum{path="/b",outcome="ok"} 0.25
request_duration_seconds_count{path="/b",outcome="ok"} 1
# HELP room_temperature_celsius How warm it is.
# TYPE room_temperature_celsius gauge
room_temperature_celsius -3.25
# HELP service_phase Where the service is.
# TYPE service_phase gauge
service_phase{phase="starting"} 0
service_phase{phase="serving"} 1
"#;

#[test]
fn every_kind_is_exposed_as_the_format_asks_and_empty_families_are_absent() {
    let registry = Registry::new();
    filled(&registry);
    assert_eq!(registry.to_text(), EVERY_KIND);
}

#[test]
fn a_scrape_that_nothing_happened_before_is_the_same_to_the_byte() {
    let registry = Registry::new();
    filled(&registry);
    assert_eq!(registry.to_text(), registry.to_text());
}

#[test]
fn every_kind_reads_back_and_its_names_are_clean() {
    let registry = Registry::new();
    filled(&registry);
    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    let help = exposition.family("legacy_value").unwrap().help.as_deref();
    assert_eq!(
        help,
        Some(r#"What a dashboard calls it: `\` and "quotes"."#)
    );
    assert_eq!(lint(&registry.catalog()), []);
}

#[test]
fn namespace_and_constant_labels_stand_in_every_sample() {
    let registry = Registry::builder()
        .namespace("omtx_hub")
        .constant_label("region", "eu\"west\\1\n")
        .constant_label("zone", "a")
        .build()
        .unwrap();
    filled(&registry);
    let text = registry.to_text();
    assert_eq!(
        text.lines().take(8).collect::<Vec<_>>(),
        [
            "# HELP omtx_hub_answer_seconds Time to answer.",
            "# TYPE omtx_hub_answer_seconds histogram",
            r#"omtx_hub_answer_seconds_bucket{region="eu\"west\\1\n",zone="a",le="0.1"} 2"#,
            r#"omtx_hub_answer_seconds_bucket{region="eu\"west\\1\n",zone="a",le="1"} 2"#,
            r#"omtx_hub_answer_seconds_bucket{region="eu\"west\\1\n",zone="a",le="2e+06"} 3"#,
            r#"omtx_hub_answer_seconds_bucket{region="eu\"west\\1\n",zone="a",le="+Inf"} 4"#,
            r#"omtx_hub_answer_seconds_sum{region="eu\"west\\1\n",zone="a"} 3.15"#,
            r#"omtx_hub_answer_seconds_count{region="eu\"west\\1\n",zone="a"} 4"#,
        ],
    );
    assert!(
        text.contains(
            r#"omtx_hub_service_phase{region="eu\"west\\1\n",zone="a",phase="serving"} 1"#
        )
    );

    // Without the two labels and the namespace it is what a plain registry exposes.
    let plain = text
        .replace(r#"region="eu\"west\\1\n",zone="a","#, "")
        .replace(r#"{region="eu\"west\\1\n",zone="a"}"#, "")
        .replace("omtx_hub_", "");
    assert_eq!(plain, EVERY_KIND);
}

/// A gateway.
#[derive(MetricSet)]
#[metrics(bare)]
struct Gateway {
    /// Requests answered.
    requests_total: Counter,
    /// Retries.
    retries_total: Counter,
}

#[test]
fn a_bare_set_has_no_namespace_unless_it_is_asked_to() {
    let registry = Registry::builder().namespace("hub").build().unwrap();
    registry.register::<Gateway>().unwrap();
    registry
        .register_with::<Gateway>(SetOptions::new().namespaced())
        .unwrap();
    let options = SetOptions::new()
        .namespace("edge")
        .rename("retries_total", "second_attempts_total")
        .constant_label("site", "north");
    registry.register_with::<Gateway>(options).unwrap();
    registry
        .register_with::<Kinds>(
            SetOptions::new()
                .bare()
                .rename("queue_depth", "queue_items"),
        )
        .unwrap();

    let text = registry.to_text();
    for line in [
        "requests_total 0",
        "retries_total 0",
        "hub_requests_total 0",
        "hub_retries_total 0",
        r#"edge_requests_total{site="north"} 0"#,
        r#"edge_second_attempts_total{site="north"} 0"#,
        "queue_items 0",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    Exposition::parse(&text).unwrap();
}

#[test]
fn renamed_labels_and_other_buckets_are_what_is_exposed() {
    let registry = Registry::new();
    let options = SetOptions::new()
        .rename_label("path", "endpoint")
        .buckets("request_duration_seconds", [0.1, 0.2]);
    let kinds = registry.register_with::<Kinds>(options).unwrap();
    kinds
        .request_duration_seconds
        .with(crate::kinds::RequestLabels {
            path: "/a",
            outcome: crate::kinds::Outcome::Ok,
        })
        .observe(0.15);

    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    let family = exposition.family("request_duration_seconds").unwrap();
    let lines: Vec<String> = family.samples.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            r#"request_duration_seconds_bucket{endpoint="/a",le="0.1",outcome="ok"} 0"#,
            r#"request_duration_seconds_bucket{endpoint="/a",le="0.2",outcome="ok"} 1"#,
            r#"request_duration_seconds_bucket{endpoint="/a",le="+Inf",outcome="ok"} 1"#,
            r#"request_duration_seconds_sum{endpoint="/a",outcome="ok"} 0.15"#,
            r#"request_duration_seconds_count{endpoint="/a",outcome="ok"} 1"#,
        ],
    );
}

#[test]
fn two_registries_do_not_see_each_other() {
    let (one, two) = (Registry::new(), Registry::new());
    filled(&one);
    filled(&two).jobs_started_total.inc();
    let one = Exposition::parse(&one.to_text()).unwrap();
    let two = Exposition::parse(&two.to_text()).unwrap();
    assert_eq!(one.read("jobs_started_total", &[]), Some(3.0));
    assert_eq!(two.read("jobs_started_total", &[]), Some(4.0));
    assert_same(&one, &one);
}

#[test]
fn an_empty_registry_exposes_nothing() {
    assert_eq!(Registry::new().to_text(), "");
    assert_eq!(Exposition::parse("").unwrap(), Exposition::default());
}
