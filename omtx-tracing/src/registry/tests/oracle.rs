//! Every sample of a text scrape is a point, and the other way round.

use std::collections::BTreeMap;

use omtx_metrics::testing::Exposition;
use omtx_metrics::{
    Counter, CounterF64, Family, Gauge, Histogram, Info, IntGauge, LabelValue, Labels, MetricSet,
    Registry, Rows, StateSet,
};
use opentelemetry_proto::tonic::metrics::v1::{
    NumberDataPoint, metric::Data, number_data_point::Value,
};
use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug, LabelValue)]
enum Side {
    Left,
    Right,
}

#[derive(Clone, Copy, Labels)]
struct AbLabels<'a> {
    a: &'a str,
    side: Side,
    b: &'a str,
}

/// One of each.
#[derive(MetricSet)]
struct Everything {
    /// Counted.
    counted_total: Family<AbLabels<'static>, Counter>,
    /// Fractions.
    #[metric(unit = "seconds")]
    cpu_seconds_total: Family<AbLabels<'static>, CounterF64>,
    /// Level.
    level: Family<AbLabels<'static>, Gauge>,
    /// Depth.
    depth: IntGauge,
    /// Observed.
    #[metric(buckets = [-0.5, 0.5, 1000000.0])]
    observed: Family<AbLabels<'static>, Histogram>,
    /// Waited.
    #[metric(unit = "seconds", buckets = [0.1, 1.0])]
    waited_seconds: Family<AbLabels<'static>, Histogram>,
    /// What it is.
    thing_info: Family<AbLabels<'static>, Info>,
    /// How it is.
    #[metric(state = "is")]
    thing_state: StateSet<Side>,
}

/// Name, labels without `le`, and the bound in `le` as it sorts.
type Key = (String, Vec<(String, String)>, Option<String>);
/// Values by their bits, so that NaN is itself.
type Samples = BTreeMap<Key, u64>;

/// Text has one zero.
fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

fn le(bound: f64) -> Option<String> {
    Some(format!("{bound:e}"))
}

/// What a scrape shows.
fn scraped(registry: &Registry) -> Samples {
    let mut samples = Samples::new();
    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    for sample in exposition.samples() {
        let mut labels = sample.labels.clone();
        let is_bucket = sample.name.ends_with("_bucket");
        let bound = labels
            .iter()
            .position(|(name, _)| is_bucket && name == "le");
        let bound =
            bound.and_then(|at| le(labels.remove(at).1.replace("+Inf", "inf").parse().unwrap()));
        samples.insert((sample.name.clone(), labels, bound), bits(sample.value));
    }
    samples
}

/// The same, put together from points.
fn exported(registry: &Registry) -> Samples {
    let mut samples = Samples::new();
    for metric in Reader::new(registry).read().metrics {
        if metric.name.starts_with("omtx_") {
            continue; // the library's own, which `to_text` does not show
        }
        let name = metric.name;
        let mut add = |suffix: &str, attributes: &[KeyValue], bound: Option<String>, value: f64| {
            let mut labels = strings(attributes);
            labels.sort();
            let before = samples.insert((format!("{name}{suffix}"), labels, bound), bits(value));
            assert_eq!(before, None, "{name} has a point twice");
        };
        let number = |point: &NumberDataPoint| match point.value {
            Some(Value::AsInt(value)) => value as f64,
            Some(Value::AsDouble(value)) => value,
            None => panic!("{point:?}"),
        };
        match metric.data.unwrap() {
            Data::Sum(sum) => sum
                .data_points
                .iter()
                .for_each(|point| add("", &point.attributes, None, number(point))),
            Data::Gauge(gauge) => gauge
                .data_points
                .iter()
                .for_each(|point| add("", &point.attributes, None, number(point))),
            Data::Histogram(histogram) => {
                for point in &histogram.data_points {
                    let mut cumulative = 0;
                    let bounds = point.explicit_bounds.iter().copied().chain([f64::INFINITY]);
                    for (bound, count) in bounds.zip(&point.bucket_counts) {
                        cumulative += count;
                        add("_bucket", &point.attributes, le(bound), cumulative as f64);
                    }
                    if let Some(sum) = point.sum {
                        add("_sum", &point.attributes, None, sum);
                    }
                    add("_count", &point.attributes, None, point.count as f64);
                }
            }
            other => panic!("{other:?}"),
        }
    }
    samples
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Left), Just(Side::Right)]
}

proptest! {
    #[test]
    fn a_scrape_and_an_export_say_the_same(
        series in prop::collection::vec((any::<String>(), side(), "[a\\\\n\n\",={}]{0,6}", any::<f64>(), 0..100_000_u64), 0..8),
        constant in "[a\\\\n\n\"]{0,4}",
        depth in any::<i64>(),
        state in side(),
        row in any::<f64>(),
    ) {
        let registry = Registry::builder().constant_label("c", constant).build().unwrap();
        let all = registry.register::<Everything>().unwrap();
        for (a, side, b, value, count) in &series {
            let labels = AbLabels { a, side: *side, b };
            all.counted_total.with(labels).add(*count);
            all.cpu_seconds_total.with(labels).add(value.abs());
            all.level.with(labels).set(*value);
            all.observed.with(labels).observe(*value);
            all.waited_seconds.with(labels).observe(value.abs());
            all.thing_info.with(labels);
        }
        all.depth.set(depth);
        all.thing_state.set(state);
        registry.register_collector("rows", move |rows: &mut Rows| {
            rows.gauge("row", "A row.").row(&[("x", "\"\\\n")], row).row(&[], 1.0);
            rows.counter("rows_total", "Rows.").row(&[], 3.5);
        }).unwrap();
        prop_assert_eq!(exported(&registry), scraped(&registry));
    }
}
