//! The metrics of a registry, as a collector that is not ours has them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use omtx_metrics::testing::Exposition;
use omtx_metrics::{
    Counter, CounterF64, Family, Gauge, Histogram, Info, IntGauge, LabelValue, Labels, MetricSet,
    NativeBuckets, Registry, Rows, StateSet,
};
use omtx_tracing::{DropReason, Signal, Telemetry, TelemetryBuilder};
use serde_json::{Value, json};

use crate::receiver::{PATIENCE, Receiver};

#[derive(Clone, Copy, LabelValue)]
enum State {
    Idle,
    Busy,
}

#[derive(Clone, Copy, Labels)]
struct JobLabels<'a> {
    kind: &'a str,
    state: State,
}

/// What a hub does.
#[derive(MetricSet)]
struct Hub {
    /// Jobs taken.
    jobs_total: Family<JobLabels<'static>, Counter>,
    /// Energy used.
    #[metric(unit = "joules")]
    energy_joules_total: CounterF64,
    /// How warm it is.
    #[metric(unit = "celsius")]
    room_celsius: Gauge,
    /// Jobs that wait.
    queue_depth: IntGauge,
    /// Time to answer.
    #[metric(unit = "seconds", buckets = [0.5, 2.0], exemplars)]
    answer_seconds: Family<JobLabels<'static>, Histogram>,
    /// Size of what is stored.
    #[metric(unit = "bytes", native = NativeBuckets::new().factor(2.0).without_classic())]
    stored_bytes: Histogram,
    /// What is running.
    build_info: Family<JobLabels<'static>, Info>,
    /// What the hub does.
    #[metric(state = "is")]
    hub_state: StateSet<State>,
}

/// A hub at work.
fn hub() -> (Registry, std::sync::Arc<Hub>) {
    let registry = Registry::builder()
        .namespace("omtx_hub")
        .constant_label("region", "eu")
        .build()
        .unwrap();
    let hub = registry.register::<Hub>().unwrap();
    let labels = |kind| JobLabels {
        kind,
        state: State::Busy,
    };
    hub.jobs_total.with(labels("align\"\\\n")).add(3);
    hub.jobs_total
        .with(labels("Größe 🧬"))
        .add(u64::from(u32::MAX));
    hub.energy_joules_total.add(1.5);
    hub.room_celsius.set(f64::NAN);
    hub.queue_depth.set(-2);
    let trace = TraceContext::new(
        TraceId::new(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c).unwrap(),
        SpanId::new(0xb7ad_6b71_6920_3331).unwrap(),
        TraceFlags::SAMPLED,
    );
    trace.in_scope(|| hub.answer_seconds.with(labels("gc")).observe(0.75));
    hub.answer_seconds.with(labels("gc")).observe(9.0);
    for size in [0.0, 1.0, 3.0, 3.5] {
        hub.stored_bytes.observe(size);
    }
    hub.build_info.with(labels("hub"));
    hub.hub_state.set(State::Busy);
    let rows = |rows: &mut Rows| {
        rows.counter("cache_hits_total", "Hits.")
            .row(&[("cache", "a")], 7.0);
    };
    registry.register_collector("cache", rows).unwrap();
    (registry, hub)
}

/// Metrics go to the receiver, and are read when a test flushes.
fn builder(receiver: &Receiver, protocol: &str) -> TelemetryBuilder {
    let endpoint = match protocol {
        "grpc" => receiver.grpc_endpoint(),
        _ => receiver.http_endpoint(),
    };
    let vars = |name: &str| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(OsString::from(&endpoint)),
        "OTEL_EXPORTER_OTLP_PROTOCOL" => Some(protocol.into()),
        "OTEL_METRIC_EXPORT_INTERVAL" => Some("3600000".into()),
        _ => None,
    };
    Telemetry::builder("omtx-hub-api")
        .strict(true)
        .from_vars(vars)
        .unwrap()
}

type Samples = BTreeMap<(String, BTreeMap<String, String>), String>;

/// What a scrape shows, each value as JSON has it.
fn scraped(registry: &Registry) -> Samples {
    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    let samples = exposition.samples().map(|sample| {
        let mut labels: BTreeMap<_, _> = sample.labels.iter().cloned().collect();
        if let Some(le) = labels.get_mut("le") {
            *le = le
                .replace("+Inf", "inf")
                .parse::<f64>()
                .unwrap()
                .to_string();
        }
        ((sample.name.clone(), labels), sample.value.to_string())
    });
    samples.collect()
}

/// The same from what the receiver has.
fn received(metrics: &[Value]) -> Samples {
    let mut samples = Samples::new();
    for metric in metrics {
        let name = metric["name"].as_str().unwrap();
        for point in metric["points"].as_array().unwrap() {
            let labels = |more: Option<(&str, String)>| {
                let attributes = point["attributes"].as_object().unwrap().iter();
                let mut labels: BTreeMap<_, _> = attributes
                    .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                    .collect();
                labels.extend(more.map(|(name, value)| (name.to_owned(), value)));
                labels
            };
            let mut add = |suffix: &str, labels, value: f64| {
                samples.insert((format!("{name}{suffix}"), labels), value.to_string());
            };
            match metric["data"].as_str().unwrap() {
                "gauge" | "sum" => add("", labels(None), number(&point["value"])),
                "histogram" => {
                    let mut cumulative = 0.0;
                    let bounds = point["bounds"].as_array().unwrap().iter().map(number);
                    let counts = point["buckets"].as_array().unwrap().iter().map(number);
                    for (bound, count) in bounds.chain([f64::INFINITY]).zip(counts) {
                        cumulative += count;
                        add(
                            "_bucket",
                            labels(Some(("le", bound.to_string()))),
                            cumulative,
                        );
                    }
                    add("_sum", labels(None), number(&point["sum"]));
                    add("_count", labels(None), number(&point["count"]));
                }
                "exponential_histogram" => {
                    let count = number(&point["count"]);
                    add("_bucket", labels(Some(("le", "inf".to_owned()))), count);
                    add("_sum", labels(None), number(&point["sum"]));
                    add("_count", labels(None), count);
                }
                other => panic!("{other}"),
            }
        }
    }
    samples
}

/// JSON has no word for what is not finite; the receiver says it in a string.
fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        value => value
            .as_f64()
            .unwrap_or_else(|| panic!("{value} is no number")),
    }
}

/// Everything that was exported so far, once the receiver has said it; without the library's own families, which
/// [`Registry::to_text`] does not show.
fn exported(receiver: &Receiver, telemetry: &Telemetry) -> Vec<Value> {
    let stats = telemetry.stats();
    let exported = stats.of(Signal::Metrics).unwrap().exported;
    let metrics = receiver.wait_for(&format!("{exported} points"), |lines| {
        let metrics: Vec<_> = lines
            .iter()
            .filter(|line| line["type"] == "metric")
            .collect();
        let points = metrics
            .iter()
            .map(|metric| metric["points"].as_array().unwrap().len());
        let is_all = points.sum::<usize>() as u64 == exported;
        is_all.then(|| metrics.into_iter().cloned().collect::<Vec<_>>())
    });
    let libraries = ["omtx_collector_errors_total", "omtx_series_dropped_total"];
    let own = |metric: &Value| libraries.iter().any(|name| metric["name"] == *name);
    metrics.into_iter().filter(|metric| !own(metric)).collect()
}

#[track_caller]
fn check_everything_arrives_over(protocol: &str) {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let telemetry = builder(&receiver, protocol)
        .version("1.2.3")
        .build()
        .unwrap();
    let (registry, _hub) = hub();
    telemetry.export_metrics(&registry);
    assert!(
        telemetry.flush(PATIENCE).is_complete(),
        "{:?}",
        telemetry.stats()
    );
    let metrics = exported(&receiver, &telemetry);
    assert_eq!(received(&metrics), scraped(&registry));

    let metric = |name: &str| {
        let found = metrics.iter().find(|metric| metric["name"] == name);
        found.unwrap_or_else(|| panic!("{name} is not there"))
    };
    for metric in &metrics {
        assert_eq!(metric["resource"]["service.name"], "omtx-hub-api");
        assert_eq!(metric["resource"]["service.version"], "1.2.3");
        assert_eq!(metric["scope"]["name"], "omtx-metrics");
    }
    let jobs = metric("omtx_hub_jobs_total");
    assert_eq!(
        [
            &jobs["data"],
            &jobs["temporality"],
            &jobs["monotonic"],
            &jobs["description"]
        ],
        [
            &json!("sum"),
            &json!("CUMULATIVE"),
            &json!(true),
            &json!("Jobs taken.")
        ]
    );
    let answers = metric("omtx_hub_answer_seconds");
    assert_eq!(
        (&answers["unit"], &answers["metadata"]),
        (&json!("s"), &json!({"prometheus.type": "histogram"}))
    );
    let exemplar = &answers["points"][0]["exemplars"][0];
    assert_eq!(exemplar["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(exemplar["span_id"], "b7ad6b7169203331");
    assert_eq!(
        (number(&exemplar["value"]), &exemplar["attributes"]),
        (0.75, &json!({}))
    );
    let stored = &metric("omtx_hub_stored_bytes")["points"][0];
    assert_eq!(
        [&stored["scale"], &stored["zero_count"], &stored["positive"]],
        [
            &json!(0),
            &json!(1),
            &json!({"offset": -1, "buckets": [1, 0, 2]})
        ]
    );

    let lost = telemetry.shutdown(PATIENCE);
    assert!(lost.is_empty(), "{lost}");
    let stats = telemetry.stats();
    let stats = stats.of(Signal::Metrics).unwrap();
    assert_eq!(stats.created, stats.exported);
}

#[test]
fn everything_that_a_scrape_shows_arrives_over_grpc() {
    check_everything_arrives_over("grpc");
}

#[test]
fn everything_that_a_scrape_shows_arrives_over_http() {
    check_everything_arrives_over("http/protobuf");
}

#[test]
fn a_registry_of_any_size_arrives_in_requests_that_a_collector_takes() {
    #[derive(Labels)]
    struct Id<'a> {
        id: &'a str,
    }

    let Some(receiver) = Receiver::start() else {
        return;
    };
    let telemetry = builder(&receiver, "grpc").build().unwrap();
    let series = 30_000;
    let registry = Registry::builder().max_series(series).build().unwrap();
    let family = registry
        .family::<Id<'static>, Counter>("x_total", "Counts.")
        .register()
        .unwrap();
    let padding = "p".repeat(150);
    for id in 0..series {
        family
            .with(Id {
                id: &format!("{id}{padding}"),
            })
            .inc();
    }
    telemetry.export_metrics(&registry);
    assert!(
        telemetry.flush(PATIENCE).is_complete(),
        "{:?}",
        telemetry.stats()
    );
    let metrics = exported(&receiver, &telemetry);
    let requests = receiver.requests();
    let bytes: Vec<u64> = requests
        .iter()
        .map(|request| request["bytes"].as_u64().unwrap())
        .collect();
    assert!(
        bytes.len() > 1 && bytes.iter().all(|bytes| *bytes <= 4 << 20),
        "{bytes:?}"
    );
    assert_eq!(received(&metrics), scraped(&registry));
}

#[test]
fn points_that_a_collector_rejects_are_counted_one_by_one() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let telemetry = builder(&receiver, "grpc").build().unwrap();
    let (registry, _hub) = hub();
    telemetry.export_metrics(&registry);
    receiver.tell("partial 3 too old");
    assert!(telemetry.flush(PATIENCE).is_complete());
    let stats = telemetry.stats();
    let stats = stats.of(Signal::Metrics).unwrap();
    assert_eq!(stats.dropped.of(DropReason::Rejected), 3);
    assert_eq!(stats.exported + 3, stats.created);
}

#[test]
fn what_a_collector_missed_while_it_was_away_is_in_the_sums_once_it_is_back() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let telemetry = builder(&receiver, "grpc").build().unwrap();
    let (registry, hub) = hub();
    telemetry.export_metrics(&registry);
    receiver.tell("refuse");
    assert!(
        !telemetry.flush(Duration::from_millis(200)).is_complete(),
        "{:?}",
        telemetry.stats()
    );
    hub.energy_joules_total.add(4.0);
    receiver.tell("resume");
    assert!(
        telemetry.flush(PATIENCE).is_complete(),
        "{:?}",
        telemetry.stats()
    );
    let metrics = exported(&receiver, &telemetry);
    // The later of two points with the same attributes is the newer one.
    assert_eq!(received(&metrics), scraped(&registry));
}

#[test]
fn differences_arrive_as_differences() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let vars = |name: &str| {
        (name == "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE").then(|| "delta".into())
    };
    let builder = builder(&receiver, "http/protobuf").from_vars(vars).unwrap();
    let telemetry = builder.build().unwrap();
    let (registry, hub) = hub();
    telemetry.export_metrics(&registry);
    assert!(telemetry.flush(PATIENCE).is_complete());
    hub.energy_joules_total.add(4.0);
    assert!(telemetry.shutdown(PATIENCE).is_empty());
    let metrics = exported(&receiver, &telemetry);
    let energy = metrics
        .iter()
        .filter(|metric| metric["name"] == "omtx_hub_energy_joules_total");
    let points: Vec<_> = energy
        .map(|metric| {
            assert_eq!(metric["temporality"], "DELTA");
            let point = &metric["points"][0];
            (
                number(&point["value"]),
                point["start"].as_u64().unwrap(),
                point["time"].as_u64().unwrap(),
            )
        })
        .collect();
    let [(first, _, end), (second, start, _)] = points[..] else {
        panic!("{points:?}");
    };
    assert_eq!((first, second, start), (1.5, 4.0, end));
}
