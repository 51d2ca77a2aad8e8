//! Each kind of family, as the message that it becomes.

use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use omtx_metrics::{
    Counter, CounterF64, Family, Gauge, Histogram, Info, IntGauge, LabelValue, Labels, MetricSet,
    Registry, Rows, StateSet, Unknown,
};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, HistogramDataPoint, NumberDataPoint, metric::Data, number_data_point::Value,
};

use super::*;

#[derive(Clone, Copy, LabelValue)]
enum Phase {
    Starting,
    Serving,
}

#[derive(Labels)]
struct ShopLabels<'a> {
    shop: &'a str,
}

/// One of each.
#[derive(MetricSet)]
struct Everything {
    /// Orders taken.
    orders_total: Family<ShopLabels<'static>, Counter>,
    /// Energy used.
    #[metric(unit = "joules")]
    energy_joules_total: CounterF64,
    /// How warm it is.
    #[metric(unit = "celsius")]
    room_celsius: Gauge,
    /// Shelves that are empty.
    shelves: IntGauge,
    /// Time to serve.
    #[metric(unit = "seconds", buckets = [0.5, 2.0], exemplars)]
    serve_seconds: Histogram,
    /// How far clocks are off.
    #[metric(buckets = [-1.0, 1.0])]
    drift: Histogram,
    /// What is running.
    shop_info: Family<ShopLabels<'static>, Info>,
    /// Where the shop is.
    #[metric(state = "is")]
    shop_phase: StateSet<Phase>,
    /// What a dashboard calls it.
    legacy_value: Unknown,
}

fn filled(registry: &Registry) -> Arc<Everything> {
    let all = during(500, || registry.register::<Everything>()).unwrap();
    let orders = during(600, || all.orders_total.handle(ShopLabels { shop: "a\"b" }));
    during(700, || {
        orders.add_with_exemplar(3, &[("order", "o17"), ("trace_id", "no id")])
    });
    all.energy_joules_total.add(1.5);
    all.room_celsius.set(f64::NEG_INFINITY);
    all.shelves.set(-2);
    let trace = TraceContext::new(
        TraceId::new(0xA1).unwrap(),
        SpanId::new(0xB2).unwrap(),
        TraceFlags::SAMPLED,
    );
    during(800, || trace.in_scope(|| all.serve_seconds.observe(0.75)));
    for value in [0.25, 3.0, f64::NAN] {
        all.serve_seconds.observe(value);
    }
    all.drift.observe(-0.5);
    all.shop_info.with(ShopLabels { shop: "x" });
    all.shop_phase.set(Phase::Serving);
    all.legacy_value.set(2.5);
    all
}

/// The metric of this name, after checking what all have in common.
#[track_caller]
fn read(name: &str, description: &str, unit: &str, prometheus_type: &str) -> Data {
    let registry = Registry::builder()
        .constant_label("zone", "z1")
        .build()
        .unwrap();
    let _all = filled(&registry);
    let metric = Reader::new(&registry).read_one(name);
    assert_eq!((&*metric.description, &*metric.unit), (description, unit));
    let metadata = [("prometheus.type".to_owned(), prometheus_type.to_owned())];
    assert_eq!(strings(&metric.metadata), metadata);
    metric.data.unwrap()
}

#[track_caller]
fn check_point(point: &NumberDataPoint, labels: &[(&str, &str)], start: u64, value: Value) {
    let zone = ("zone".to_owned(), "z1".to_owned());
    let labels = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let expected: Vec<_> = std::iter::once(zone).chain(labels).collect();
    assert_eq!(strings(&point.attributes), expected);
    assert_eq!(
        (point.start_time_unix_nano, point.time_unix_nano),
        (start, time(2_000))
    );
    assert_eq!((point.value.as_ref(), point.flags), (Some(&value), 0));
}

#[test]
fn a_counter_is_a_cumulative_monotonic_sum_since_it_was_created() {
    let Data::Sum(sum) = read("orders_total", "Orders taken.", "", "counter") else {
        panic!("no sum");
    };
    assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (2, true));
    let [point] = &*sum.data_points else {
        panic!("{sum:?}");
    };
    check_point(point, &[("shop", "a\"b")], time(600), Value::AsInt(3));
    let [exemplar] = &*point.exemplars else {
        panic!("{point:?}");
    };
    assert_eq!(exemplar.time_unix_nano, time(700));
    assert_eq!(
        strings(&exemplar.filtered_attributes),
        [("order", "o17"), ("trace_id", "no id")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert!(exemplar.trace_id.is_empty() && exemplar.span_id.is_empty());
}

#[test]
fn a_counter_of_fractions_is_a_sum_of_doubles_in_a_unit_of_ucum() {
    let Data::Sum(sum) = read("energy_joules_total", "Energy used.", "J", "counter") else {
        panic!("no sum");
    };
    assert!(sum.is_monotonic);
    check_point(&sum.data_points[0], &[], time(500), Value::AsDouble(1.5));
}

#[test]
fn a_gauge_is_a_gauge_of_doubles_or_integers_and_began_at_no_time() {
    let Data::Gauge(gauge) = read("room_celsius", "How warm it is.", "Cel", "gauge") else {
        panic!("no gauge");
    };
    check_point(
        &gauge.data_points[0],
        &[],
        0,
        Value::AsDouble(f64::NEG_INFINITY),
    );
    let Data::Gauge(gauge) = read("shelves", "Shelves that are empty.", "", "gauge") else {
        panic!("no gauge");
    };
    check_point(&gauge.data_points[0], &[], 0, Value::AsInt(-2));
}

#[test]
fn an_unknown_is_a_gauge() {
    let Data::Gauge(gauge) = read("legacy_value", "What a dashboard calls it.", "", "unknown")
    else {
        panic!("no gauge");
    };
    check_point(&gauge.data_points[0], &[], 0, Value::AsDouble(2.5));
}

#[test]
fn infos_and_states_are_sums_that_are_not_monotonic() {
    let Data::Sum(sum) = read("shop_info", "What is running.", "", "info") else {
        panic!("no sum");
    };
    assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (2, false));
    check_point(&sum.data_points[0], &[("shop", "x")], 0, Value::AsInt(1));

    let Data::Sum(sum) = read("shop_phase", "Where the shop is.", "", "stateset") else {
        panic!("no sum");
    };
    assert!(!sum.is_monotonic);
    check_point(
        &sum.data_points[0],
        &[("is", "starting")],
        0,
        Value::AsInt(0),
    );
    check_point(
        &sum.data_points[1],
        &[("is", "serving")],
        0,
        Value::AsInt(1),
    );
}

#[test]
fn a_histogram_has_explicit_bounds_counts_of_its_own_in_each_bucket_and_ids_of_traces() {
    let Data::Histogram(histogram) = read("serve_seconds", "Time to serve.", "s", "histogram")
    else {
        panic!("no histogram");
    };
    assert_eq!(histogram.aggregation_temporality, 2);
    let exemplar = Exemplar {
        time_unix_nano: time(800),
        span_id: vec![0, 0, 0, 0, 0, 0, 0, 0xB2],
        trace_id: [vec![0; 15], vec![0xA1]].concat(),
        value: Some(opentelemetry_proto::tonic::metrics::v1::exemplar::Value::AsDouble(0.75)),
        filtered_attributes: Vec::new(),
    };
    let [point] = &*histogram.data_points else {
        panic!("{histogram:?}");
    };
    assert_eq!(
        HistogramDataPoint {
            attributes: Vec::new(),
            ..point.clone()
        },
        HistogramDataPoint {
            start_time_unix_nano: time(500),
            time_unix_nano: time(2_000),
            count: 4,
            sum: Some(4.0),
            bucket_counts: vec![1, 1, 2],
            explicit_bounds: vec![0.5, 2.0],
            exemplars: vec![exemplar],
            ..HistogramDataPoint::default()
        }
    );
}

#[test]
fn a_sum_that_may_go_down_is_left_out() {
    let Data::Histogram(histogram) = read("drift", "How far clocks are off.", "", "histogram")
    else {
        panic!("no histogram");
    };
    assert_eq!(
        (histogram.data_points[0].sum, histogram.data_points[0].count),
        (None, 1)
    );
}

#[test]
fn a_counter_beyond_what_an_integer_of_otlp_holds_is_a_double() {
    let registry = Registry::new();
    let many = registry
        .family::<(), Counter>("many_total", "Many.")
        .register()
        .unwrap();
    many.with(()).add(u64::MAX);
    let Some(Data::Sum(sum)) = Reader::new(&registry).read_one("many_total").data else {
        panic!("no sum");
    };
    assert_eq!(
        sum.data_points[0].value,
        Some(Value::AsDouble(u64::MAX as f64))
    );
}

#[test]
fn rows_of_collectors_have_no_start_and_the_librarys_own_families_come_too() {
    let registry = Registry::new();
    let rows = |rows: &mut Rows| {
        rows.counter("flushed_total", "Flushed.")
            .row(&[("to", "disk")], 2.0);
    };
    registry.register_collector("cache", rows).unwrap();
    let mut reader = Reader::new(&registry);
    let Some(Data::Sum(sum)) = reader.read_one("flushed_total").data else {
        panic!("no sum");
    };
    assert!(sum.is_monotonic);
    assert_eq!(sum.data_points[0].start_time_unix_nano, 0);
    assert_eq!(sum.data_points[0].value, Some(Value::AsDouble(2.0)));
    reader.read_one("omtx_collector_errors_total");
}

#[test]
fn a_series_that_began_during_the_round_does_not_end_before_it_begins() {
    let registry = Registry::new();
    let late = registry
        .family::<(), Counter>("late_total", "Late.")
        .register()
        .unwrap();
    during(2_500, || late.with(()).inc());
    let Some(Data::Sum(sum)) = Reader::new(&registry).read_one("late_total").data else {
        panic!("no sum");
    };
    let point = &sum.data_points[0];
    assert_eq!(
        (point.start_time_unix_nano, point.time_unix_nano),
        (time(2_500), time(2_500))
    );
}

#[test]
fn a_large_family_comes_in_pieces_that_are_metrics_of_their_own() {
    let registry = Registry::builder().max_series(3_000).build().unwrap();
    let family = registry.family::<ShopLabels<'static>, Counter>("x_total", "Counts.");
    let family = family.register().unwrap();
    let long = "y".repeat(60);
    for shop in 0..2_500 {
        let shop = format!("{shop}{long}");
        family.with(ShopLabels { shop: &shop }).inc();
    }
    let pushed = Reader::new(&registry).read();
    let mut seen = std::collections::HashSet::new();
    for metric in pushed
        .metrics
        .iter()
        .filter(|metric| metric.name == "x_total")
    {
        assert_eq!(
            (&*metric.description, metric.metadata.len()),
            ("Counts.", 1)
        );
        let Some(Data::Sum(sum)) = &metric.data else {
            panic!("no sum");
        };
        assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (2, true));
        assert!(sum.data_points.len() <= 256);
        seen.extend(
            sum.data_points
                .iter()
                .map(|point| strings(&point.attributes)),
        );
    }
    assert_eq!(seen.len(), 2_500);
    let points: usize = pushed.metrics.iter().map(count).sum();
    assert_eq!(points, pushed.points as usize);
    assert!(
        pushed.lens.iter().all(|len| *len < 40 << 10),
        "{:?}",
        pushed.lens
    );
}

fn count(metric: &Metric) -> usize {
    match metric.data.as_ref().unwrap() {
        Data::Gauge(data) => data.data_points.len(),
        Data::Sum(data) => data.data_points.len(),
        Data::Histogram(data) => data.data_points.len(),
        Data::ExponentialHistogram(data) => data.data_points.len(),
        Data::Summary(data) => data.data_points.len(),
    }
}
