//! OpenMetrics, character by character.

use omtx_metrics::testing::Exposition;
use omtx_metrics::{
    Counter, Error, Family, Gauge, Histogram, Info, LabelValue, Labels, MetricSet, Registry, Rows,
    StateSet,
};

use crate::kinds::filled;

const EVERY_KIND: &str = r#"# TYPE answer_seconds histogram
# UNIT answer_seconds seconds
# HELP answer_seconds Time to answer.
answer_seconds_bucket{le="0.1"} 2
answer_seconds_bucket{le="1.0"} 2
answer_seconds_bucket{le="2e+06"} 3
answer_seconds_bucket{le="+Inf"} 4
answer_seconds_sum 3.15
answer_seconds_count 4
# TYPE build info
# HELP build What is running.
build_info{version="1.2.3"} 1
# TYPE clock_drift histogram
# HELP clock_drift How far the clock is off, in either direction.
clock_drift_bucket{le="-1.0"} 1
clock_drift_bucket{le="0.0"} 1
clock_drift_bucket{le="1.0"} 2
clock_drift_bucket{le="+Inf"} 2
# TYPE energy_joules counter
# UNIT energy_joules joules
# HELP energy_joules Energy used.
energy_joules_total 1.5
# TYPE jobs_ended counter
# HELP jobs_ended Jobs ended, by outcome.
jobs_ended_total{outcome="ok"} 0
jobs_ended_total{outcome="timed_out"} 1
# TYPE jobs_started counter
# HELP jobs_started Jobs started.
jobs_started_total 3
# TYPE legacy_value unknown
# HELP legacy_value What a dashboard calls it: `\\` and \"quotes\".
legacy_value NaN
# TYPE queue_depth gauge
# HELP queue_depth Jobs waiting.
queue_depth -2
# TYPE request_duration_seconds histogram
# UNIT request_duration_seconds seconds
# HELP request_duration_seconds Time to answer, by path.
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
# TYPE room_temperature_celsius gauge
# UNIT room_temperature_celsius celsius
# HELP room_temperature_celsius How warm it is.
room_temperature_celsius -3.25
# TYPE service_phase gauge
# HELP service_phase Where the service is.
service_phase{phase="starting"} 0
service_phase{phase="serving"} 1
# EOF
"#;

#[test]
fn every_kind_is_exposed_as_the_specification_asks() {
    let registry = Registry::new();
    filled(&registry);
    let text = registry.to_openmetrics();
    assert_eq!(text, EVERY_KIND);
    Exposition::parse_openmetrics(&text).unwrap();
}

#[test]
fn an_empty_registry_is_the_end_of_file() {
    assert_eq!(Registry::new().to_openmetrics(), "# EOF\n");
}

#[derive(Clone, Copy, LabelValue)]
enum Phase {
    Starting,
    Serving,
}

/// A service.
#[derive(MetricSet)]
struct Service {
    /// Where it is.
    service_phase: StateSet<Phase>,
}

#[test]
fn a_state_set_is_one_if_its_label_is_called_like_the_family() {
    let registry = Registry::builder().namespace("hub").build().unwrap();
    let service = registry.register::<Service>().unwrap();
    service.service_phase.set(Phase::Serving);
    assert_eq!(
        registry.to_openmetrics(),
        r#"# TYPE hub_service_phase stateset
# HELP hub_service_phase Where it is.
hub_service_phase{hub_service_phase="starting"} 0
hub_service_phase{hub_service_phase="serving"} 1
# EOF
"#
    );
}

#[test]
fn a_sum_that_goes_down_is_left_out() {
    let registry = Registry::new();
    let drift = registry
        .family::<(), Histogram>("drift", "Drift.")
        .buckets([0.5])
        .register()
        .unwrap();
    drift.with(()).observe(-2.0);
    let text = registry.to_openmetrics();
    assert!(
        text.ends_with("drift_bucket{le=\"0.5\"} 1\ndrift_bucket{le=\"+Inf\"} 1\n# EOF\n"),
        "{text}"
    );
    drift.with(()).observe(3.0);
    let text = registry.to_openmetrics();
    assert!(
        text.ends_with("drift_sum 1.0\ndrift_count 2\n# EOF\n"),
        "{text}"
    );
}

#[test]
fn rows_of_collectors_follow_the_same_rules() {
    let registry = Registry::new();
    let rows = |rows: &mut Rows| {
        rows.gauge("pool_connections", "Connections \\ by\n\"state\".")
            .row(&[("state", "a\\b\n\"c\"")], f64::INFINITY)
            .row(&[], -1.5e-300);
        rows.counter("pool_waits_total", "Waits.")
            .row(&[("pool", "é😀")], 3.0);
        rows.unknown("pool_other", "Something.").row(&[], f64::NAN);
    };
    registry.register_collector("pool", rows).unwrap();
    let text = registry.to_openmetrics();
    assert_eq!(
        text,
        r#"# TYPE pool_connections gauge
# HELP pool_connections Connections \\ by\n\"state\".
pool_connections{state="a\\b\n\"c\""} +Inf
pool_connections -1.5e-300
# TYPE pool_other unknown
# HELP pool_other Something.
pool_other NaN
# TYPE pool_waits counter
# HELP pool_waits Waits.
pool_waits_total{pool="é😀"} 3.0
# EOF
"#
    );
    Exposition::parse_openmetrics(&text).unwrap();
}

#[test]
fn a_counter_whose_base_name_is_taken_is_unknown_under_its_own() {
    let registry = Registry::new();
    let counter = registry.family::<(), Counter>("heap_bytes_total", "Bytes ever.");
    counter.register().unwrap().with(()).add(7);
    let info = registry.family::<(), Info>("pool_info", "A pool.");
    info.register().unwrap().with(());
    let rows = |rows: &mut Rows| {
        rows.gauge("heap_bytes", "Bytes now.").row(&[], 5.0);
        rows.gauge("pool", "Connections.").row(&[], 2.0);
        rows.gauge("queue", "Waiting.").row(&[], 1.0);
        rows.counter("queue_total", "Ever.").row(&[], 4.0);
    };
    registry.register_collector("heap", rows).unwrap();
    let text = registry.to_openmetrics();
    assert_eq!(
        text,
        "\
# TYPE heap_bytes gauge
# HELP heap_bytes Bytes now.
heap_bytes 5.0
# TYPE heap_bytes_total unknown
# HELP heap_bytes_total Bytes ever.
heap_bytes_total 7
# TYPE pool gauge
# HELP pool Connections.
pool 2.0
# TYPE pool_info gauge
# HELP pool_info A pool.
pool_info 1
# TYPE queue gauge
# HELP queue Waiting.
queue 1.0
# TYPE queue_total unknown
# HELP queue_total Ever.
queue_total 4.0
# EOF
"
    );
    Exposition::parse_openmetrics(&text).unwrap();
    // Text 0.0.4 tells the names apart as they are.
    let text = Exposition::parse(&registry.to_text()).unwrap();
    assert_eq!(text.read("heap_bytes", &[]), Some(5.0));
    assert_eq!(text.read("heap_bytes_total", &[]), Some(7.0));
}

#[test]
fn a_collectors_family_called_like_a_sample_is_lost_and_counted() {
    let registry = Registry::new();
    filled(&registry);
    let rows = |rows: &mut Rows| {
        rows.gauge("jobs_started_created", "When.").row(&[], 1.0);
        rows.gauge("answer_seconds_created", "When.").row(&[], 1.0);
        rows.gauge("queue_depth_created", "When.").row(&[], 1.0);
        rows.counter("answer_seconds_count_total", "Odd.")
            .row(&[], 1.0);
    };
    registry.register_collector("odd", rows).unwrap();
    let text = registry.to_openmetrics();
    Exposition::parse_openmetrics(&text).unwrap();
    assert!(
        !text.contains("started_created") && !text.contains("seconds_created"),
        "{text}"
    );
    assert!(text.contains("\nqueue_depth_created 1.0\n"));
    assert!(text.contains("# TYPE answer_seconds_count_total unknown\n"));
}

#[test]
fn our_own_names_never_clash() {
    #[track_caller]
    fn check(first: &str, second: &str) {
        let registry = Registry::new();
        let register = |name: &str| -> Result<(), Error> {
            let name = name.to_owned();
            if name.ends_with("_total") {
                registry
                    .family::<(), Counter>(name, "X.")
                    .register()
                    .map(drop)
            } else if name.ends_with("_info") {
                registry.family::<(), Info>(name, "X.").register().map(drop)
            } else if name.starts_with('h') {
                registry
                    .family::<(), Histogram>(name, "X.")
                    .register()
                    .map(drop)
            } else {
                registry
                    .family::<(), Gauge>(name, "X.")
                    .register()
                    .map(drop)
            }
        };
        register(first).unwrap();
        assert!(
            register(second)
                .unwrap_err()
                .to_string()
                .contains("expected a name of its own")
        );
    }
    for (first, second) in [
        ("x", "x_total"),
        ("x", "x_info"),
        ("x_info", "x_total"),
        ("h", "h_count_total"),
        ("h_sum_info", "h"),
        ("x_total", "x_created_total"),
    ] {
        check(first, second);
        check(second, first);
    }
}

#[derive(Labels)]
struct PathLabels<'a> {
    path: &'a str,
}

#[test]
fn label_values_are_escaped_as_in_text() {
    let registry = Registry::new();
    let family = registry.family::<PathLabels<'static>, Counter>("x_total", "X.");
    let family: std::sync::Arc<Family<PathLabels<'static>, Counter>> = family.register().unwrap();
    family
        .with(PathLabels {
            path: "a\\b\n\"c\" # {d=\"e\"} 1",
        })
        .inc();
    let text = registry.to_openmetrics();
    let exposition = Exposition::parse_openmetrics(&text).unwrap();
    let labels = [("path", "a\\b\n\"c\" # {d=\"e\"} 1")];
    assert_eq!(exposition.read("x_total", &labels), Some(1.0));
}
