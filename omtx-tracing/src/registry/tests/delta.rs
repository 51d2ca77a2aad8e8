//! Differences.

use omtx_metrics::{
    Counter, CounterF64, Family, Histogram, IntGauge, Labels, MetricSet, NativeBuckets, Registry,
    Rows,
};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

#[derive(Labels)]
struct ShopLabels<'a> {
    shop: &'a str,
}

/// What a shop does.
#[derive(MetricSet)]
struct Shop {
    /// Orders taken.
    orders_total: Family<ShopLabels<'static>, Counter>,
    /// Energy used.
    #[metric(unit = "joules")]
    energy_joules_total: CounterF64,
    /// Shelves.
    shelves: IntGauge,
    /// Time to serve.
    #[metric(buckets = [1.0], exemplars)]
    serve: Histogram,
    /// Weights.
    #[metric(native = NativeBuckets::new().factor(2.0))]
    weight: Histogram,
}

/// Start, end and value of the first point of a sum of differences.
#[track_caller]
fn sum(metric: Metric) -> (u64, u64, Value) {
    let Some(Data::Sum(sum)) = metric.data else {
        panic!("no sum");
    };
    assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (1, true));
    let point = &sum.data_points[0];
    let millis = |nanos: u64| nanos / 1_000_000;
    (
        millis(point.start_time_unix_nano),
        millis(point.time_unix_nano),
        point.value.unwrap(),
    )
}

#[test]
fn a_counter_tells_what_came_since_the_round_before() {
    let registry = Registry::new();
    let shop = during(500, || registry.register::<Shop>()).unwrap();
    let orders = during(1_500, || shop.orders_total.handle(ShopLabels { shop: "a" }));
    orders.add(3);
    shop.energy_joules_total.add(0.5);
    let mut reader = Reader::delta(&registry);
    assert_eq!(
        sum(reader.read_one("orders_total")),
        (1_500, 2_000, Value::AsInt(3))
    );
    orders.add(2);
    shop.energy_joules_total.add(0.25);
    reader.millis = 3_000;
    assert_eq!(
        sum(reader.read_one("orders_total")),
        (2_000, 3_000, Value::AsInt(2))
    );
    reader.millis = 4_000;
    assert_eq!(
        sum(reader.read_one("orders_total")),
        (3_000, 4_000, Value::AsInt(0))
    );
    shop.energy_joules_total.add(0.125);
    reader.millis = 5_000;
    assert_eq!(
        sum(reader.read_one("energy_joules_total")),
        (4_000, 5_000, Value::AsDouble(0.125))
    );
}

#[test]
fn a_clock_that_is_set_back_makes_no_point_that_ends_before_it_begins() {
    let registry = Registry::new();
    let shop = during(500, || registry.register::<Shop>()).unwrap();
    shop.energy_joules_total.add(1.0);
    let mut reader = Reader::delta(&registry);
    reader.read();
    reader.millis = 1_800;
    assert_eq!(
        sum(reader.read_one("energy_joules_total")),
        (1_800, 1_800, Value::AsDouble(0.0))
    );
}

#[test]
fn what_does_not_count_is_no_difference() {
    let registry = Registry::new();
    registry.register::<Shop>().unwrap().shelves.set(4);
    let mut reader = Reader::delta(&registry);
    for _ in 0..2 {
        let Some(Data::Gauge(gauge)) = reader.read_one("shelves").data else {
            panic!("no gauge");
        };
        assert_eq!(gauge.data_points[0].value, Some(Value::AsInt(4)));
    }
}

#[test]
fn a_histogram_tells_what_came_in_each_bucket_and_exemplars_only_once() {
    let registry = Registry::new();
    let shop = during(500, || registry.register::<Shop>()).unwrap();
    let mut reader = Reader::delta(&registry);
    shop.serve.observe(0.5);
    during(1_500, || {
        shop.serve.observe_with_exemplar(2.0, &[("n", "1")])
    });
    let mut read = |millis| {
        reader.millis = millis;
        let Some(Data::Histogram(histogram)) = reader.read_one("serve").data else {
            panic!("no histogram");
        };
        assert_eq!(histogram.aggregation_temporality, 1);
        let point = &histogram.data_points[0];
        (
            point.start_time_unix_nano,
            point.bucket_counts.clone(),
            point.sum,
            point.exemplars.len(),
        )
    };
    assert_eq!(read(2_000), (time(500), vec![1, 1], Some(2.5), 1));
    shop.serve.observe(4.0);
    assert_eq!(read(3_000), (time(2_000), vec![0, 1], Some(4.0), 0));
}

#[test]
fn an_exponential_histogram_tells_what_came_also_when_its_resolution_fell() {
    let registry = Registry::new();
    let narrow = NativeBuckets::new().factor(2.0).max_buckets(4);
    let family = registry
        .family::<(), Histogram>("w", "Weights.")
        .native(narrow)
        .register()
        .unwrap();
    let weight = family.with(());
    let mut reader = Reader::delta(&registry);
    let mut read = || {
        let Some(Data::ExponentialHistogram(histogram)) = reader.read_one("w").data else {
            panic!("no exponential histogram");
        };
        assert_eq!(histogram.aggregation_temporality, 1);
        let point = histogram.data_points[0].clone();
        let counts = point
            .positive
            .as_ref()
            .map_or(Vec::new(), |positive| positive.bucket_counts.clone());
        assert_eq!(point.count, counts.iter().sum::<u64>() + point.zero_count);
        (point.scale, point.count, point.sum)
    };
    for value in [1.0, 2.0, 4.0] {
        weight.observe(value);
    }
    assert_eq!(read(), (0, 3, Some(7.0)));
    for value in [8.0, 16.0, 32.0] {
        weight.observe(value);
    }
    let (scale, count, sum) = read();
    assert!(scale < 0, "{scale}");
    assert_eq!((count, sum), (3, Some(56.0)));
    assert_eq!(read(), (scale, 0, Some(0.0)));
}

#[test]
fn a_histogram_that_was_reset_when_it_was_read_lost_nothing() {
    let registry = Registry::new();
    let narrow = NativeBuckets::new()
        .factor(2.0)
        .max_buckets(4)
        .min_reset_interval(Duration::from_secs(1));
    let weight = during(500, || {
        let family = registry
            .family::<(), Histogram>("w", "Weights.")
            .native(narrow);
        family.register().unwrap().handle(())
    });
    let mut reader = Reader::delta(&registry);
    let mut read = |millis, values: &[f64]| {
        for value in values {
            weight.observe(*value);
        }
        reader.millis = millis;
        let Some(Data::ExponentialHistogram(histogram)) = reader.read_one("w").data else {
            panic!("no exponential histogram");
        };
        let point = &histogram.data_points[0];
        (point.start_time_unix_nano, point.count, point.scale)
    };
    let wide = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
    assert_eq!(read(2_000, &wide), (time(500), 6, -1));
    // At full resolution again, and more in each bucket than there was before.
    assert_eq!(read(3_000, &[2.0; 20]), (time(2_000), 20, 0));
    assert_eq!(read(4_000, &[2.0; 3]), (time(3_000), 3, 0));
}

#[test]
fn a_series_that_went_and_came_back_between_two_rounds_counts_anew() {
    let registry = Registry::new();
    /// Mounts.
    #[derive(MetricSet)]
    struct Mounts {
        /// Bytes read.
        read_bytes_total: omtx_metrics::Snapshot<ShopLabels<'static>, Counter>,
    }
    let mounts = registry.register::<Mounts>().unwrap();
    let replace = |millis, add: Option<u64>| {
        during(millis, || {
            mounts.read_bytes_total.replace(|rows| {
                if let Some(add) = add {
                    rows.with(ShopLabels { shop: "a" }).add(add);
                }
            });
        });
    };
    let mut reader = Reader::delta(&registry);
    replace(1_500, Some(5));
    assert_eq!(
        sum(reader.read_one("read_bytes_total")),
        (1_500, 2_000, Value::AsInt(5))
    );
    replace(2_200, None);
    replace(2_500, Some(9));
    reader.millis = 3_000;
    assert_eq!(
        sum(reader.read_one("read_bytes_total")),
        (2_500, 3_000, Value::AsInt(9))
    );
}

#[test]
fn a_collectors_counter_is_first_counted_from_the_begin_of_the_reader_and_anew_when_it_falls() {
    static FLUSHED: AtomicU64 = AtomicU64::new(7);
    let registry = Registry::new();
    let rows = |rows: &mut Rows| {
        let flushed = FLUSHED.load(Ordering::Relaxed) as f64;
        rows.counter("flushed_total", "Flushed.").row(&[], flushed);
    };
    registry.register_collector("cache", rows).unwrap();
    let mut reader = Reader::delta(&registry);
    let mut read = |millis, flushed| {
        FLUSHED.store(flushed, Ordering::Relaxed);
        reader.millis = millis;
        sum(reader.read_one("flushed_total"))
    };
    assert_eq!(read(2_000, 7), (1_000, 2_000, Value::AsDouble(7.0)));
    assert_eq!(read(3_000, 9), (2_000, 3_000, Value::AsDouble(2.0)));
    assert_eq!(read(4_000, 4), (3_000, 4_000, Value::AsDouble(4.0)));
}

#[test]
fn low_memory_leaves_collectors_cumulative() {
    let registry = Registry::new();
    let rows = |rows: &mut Rows| {
        rows.counter("flushed_total", "Flushed.").row(&[], 7.0);
    };
    registry.register_collector("cache", rows).unwrap();
    registry
        .register::<Shop>()
        .unwrap()
        .orders_total
        .with(ShopLabels { shop: "a" })
        .inc();
    let mut reader = Reader::new(&registry);
    reader.options.temporality = Temporality::LowMemory;
    let mut temporality = |name: &str| match reader.read_one(name).data {
        Some(Data::Sum(sum)) => sum.aggregation_temporality,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (temporality("flushed_total"), temporality("orders_total")),
        (2, 1)
    );
}

proptest::proptest! {
    #[test]
    fn differences_add_up_to_what_was_counted(rounds in proptest::collection::vec(proptest::collection::vec(-3.0..40.0_f64, 0..8), 1..8)) {
        let registry = Registry::new();
        let shop = registry.register::<Shop>().unwrap();
        let mut reader = Reader::delta(&registry);
        let (mut orders, mut counts, mut weighed) = (0, vec![0; 2], 0);
        for round in &rounds {
            for value in round {
                shop.orders_total.with(ShopLabels { shop: "a" }).inc();
                shop.serve.observe(*value);
                shop.weight.observe(*value);
            }
            for metric in reader.read().metrics {
                match (&*metric.name, metric.data.unwrap()) {
                    ("orders_total", Data::Sum(sum)) => match sum.data_points[0].value {
                        Some(Value::AsInt(more)) => orders += more,
                        other => panic!("{other:?}"),
                    },
                    ("serve", Data::Histogram(histogram)) => {
                        let more = &histogram.data_points[0].bucket_counts;
                        counts.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
                    }
                    ("weight", Data::ExponentialHistogram(histogram)) => weighed += histogram.data_points[0].count,
                    _ => {}
                }
            }
        }
        let all: Vec<f64> = rounds.concat();
        let low = all.iter().filter(|value| **value <= 1.0).count() as u64;
        proptest::prop_assert_eq!(orders, all.len() as i64);
        proptest::prop_assert_eq!(counts, vec![low, all.len() as u64 - low]);
        proptest::prop_assert_eq!(weighed, all.len() as u64);
    }
}
