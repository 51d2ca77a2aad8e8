//! Series that go away.

use omtx_metrics::{Counter, Gauge, Histogram, Labels, Registry, Rows};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[derive(Labels)]
struct DiskLabels<'a> {
    disk: &'a str,
}

/// Disks.
#[derive(omtx_metrics::MetricSet)]
struct Disks {
    /// Bytes that are free.
    #[metric(unit = "bytes")]
    free_bytes: omtx_metrics::Snapshot<DiskLabels<'static>, Gauge>,
    /// Time to read.
    #[metric(unit = "seconds", buckets = [1.0])]
    read_seconds: omtx_metrics::Snapshot<DiskLabels<'static>, Histogram>,
}

fn replace(disks: &Disks, found: &[&'static str]) {
    disks.free_bytes.replace(|rows| {
        for disk in found {
            rows.with(DiskLabels { disk }).set(7.0);
        }
    });
    disks.read_seconds.replace(|rows| {
        for disk in found {
            rows.with(DiskLabels { disk }).observe(0.5);
        }
    });
}

/// The disks of each gauge point, and whether it says that they have gone.
fn seen(metrics: &[Metric]) -> Vec<(String, bool)> {
    let mut seen = Vec::new();
    for metric in metrics.iter().filter(|metric| metric.name == "free_bytes") {
        assert_eq!(metric.unit, "By");
        let Some(Data::Gauge(gauge)) = &metric.data else {
            panic!("no gauge");
        };
        for point in &gauge.data_points {
            assert_eq!(point.flags == 1, point.value.is_none());
            seen.push((strings(&point.attributes)[0].1.clone(), point.flags == 1));
        }
    }
    seen
}

#[test]
fn a_series_that_has_gone_is_marked_once() {
    let registry = Registry::new();
    let disks = registry.register::<Disks>().unwrap();
    let mut reader = Reader::new(&registry);
    let mut read = |found: &[&'static str]| {
        replace(&disks, found);
        seen(&reader.read().metrics)
    };
    let here = |disk: &str| (disk.to_owned(), false);
    let gone = |disk: &str| (disk.to_owned(), true);
    assert_eq!(read(&["a", "b"]), [here("a"), here("b")]);
    assert_eq!(read(&["b"]), [here("b"), gone("a")]);
    assert_eq!(read(&["b"]), [here("b")]);
    assert_eq!(read(&["a", "b"]), [here("a"), here("b")]);
    // The family as a whole.
    let mut both = read(&[]);
    both.sort();
    assert_eq!(both, [gone("a"), gone("b")]);
    assert_eq!(read(&[]), []);
    // Nothing is kept of them: what is left are the library's own.
    let own = reader
        .read()
        .metrics
        .iter()
        .filter(|metric| metric.name.starts_with("omtx_"))
        .count();
    assert_eq!(reader.streams.families(), own);
}

#[test]
fn an_idle_series_expires_is_marked_and_begins_anew_when_it_is_back() {
    let minute = |minute: u64| minute * 60_000;
    let registry = Registry::builder()
        .expire_idle_after(Duration::from_secs(600))
        .build()
        .unwrap();
    let orders = registry.family::<DiskLabels<'static>, Counter>("orders_total", "Orders.");
    let orders = orders.register().unwrap();
    let order = |at| during(at, || orders.with(DiskLabels { disk: "a" }).inc());
    let mut reader = Reader::new(&registry);
    let mut read = |at| {
        reader.millis = at;
        let metrics = reader.read().metrics;
        let mut found = metrics
            .iter()
            .filter(|metric| metric.name == "orders_total");
        found.next().map(|metric| match &metric.data {
            Some(Data::Sum(sum)) => {
                let point = &sum.data_points[0];
                (point.start_time_unix_nano, point.value, point.flags)
            }
            other => panic!("{other:?}"),
        })
    };
    order(minute(1));
    let one = Some(Value::AsInt(1));
    assert_eq!(read(minute(2)), Some((time(minute(1)), one, 0)));
    assert_eq!(read(minute(11)), Some((time(minute(1)), one, 0)));
    assert_eq!(read(minute(13)), Some((time(minute(1)), one, 0)));
    assert_eq!(read(minute(14)), Some((0, None, 1)));
    assert_eq!(read(minute(15)), None);
    order(minute(16));
    assert_eq!(read(minute(17)), Some((time(minute(16)), one, 0)));
}

#[test]
fn a_histogram_that_has_gone_is_marked_with_its_own_flags() {
    let registry = Registry::new();
    let disks = registry.register::<Disks>().unwrap();
    let mut reader = Reader::new(&registry);
    replace(&disks, &["a"]);
    reader.read();
    replace(&disks, &[]);
    let Some(Data::Histogram(histogram)) = reader.read_one("read_seconds").data else {
        panic!("no histogram");
    };
    let point = &histogram.data_points[0];
    assert_eq!(
        (point.flags, point.count, point.time_unix_nano),
        (1, 0, time(2_000))
    );
    assert_eq!(
        strings(&point.attributes),
        [("disk".to_owned(), "a".to_owned())]
    );
}

#[test]
fn a_collector_that_fails_takes_its_series_along_until_it_is_back() {
    static FAILS: AtomicBool = AtomicBool::new(false);
    let registry = Registry::new();
    let rows = |rows: &mut Rows| {
        assert!(!FAILS.load(Ordering::Relaxed), "a collector's panic");
        rows.gauge("free_bytes", "Free.").row(&[("disk", "a")], 1.0);
    };
    registry.register_collector("disks", rows).unwrap();
    let mut reader = Reader::new(&registry);
    let mut flags = |fails| {
        FAILS.store(fails, Ordering::Relaxed);
        let read = reader.read().metrics.into_iter();
        let points = read
            .filter(|metric| metric.name == "free_bytes")
            .map(|metric| match metric.data {
                Some(Data::Gauge(gauge)) => gauge.data_points[0].flags,
                other => panic!("{other:?}"),
            });
        points.collect::<Vec<_>>()
    };
    assert_eq!(
        [flags(false), flags(true), flags(true), flags(false)],
        [vec![0], vec![1], vec![], vec![0]]
    );
}

#[test]
fn a_collector_that_changes_its_mind_about_a_family_is_followed() {
    static IS_COUNTER: AtomicBool = AtomicBool::new(false);
    let registry = Registry::new();
    let rows = |rows: &mut Rows| {
        let labels = [("disk", "a")];
        if IS_COUNTER.load(Ordering::Relaxed) {
            rows.counter("free_total", "Free.").row(&labels, 1.0);
        } else {
            rows.gauge("free_total", "Free.").row(&labels, 2.0);
        }
    };
    registry.register_collector("disks", rows).unwrap();
    let mut reader = Reader::new(&registry);
    assert!(matches!(
        reader.read_one("free_total").data,
        Some(Data::Gauge(_))
    ));
    IS_COUNTER.store(true, Ordering::Relaxed);
    assert!(matches!(
        reader.read_one("free_total").data,
        Some(Data::Sum(_))
    ));
}

#[test]
fn differences_say_nothing_of_what_has_gone() {
    let registry = Registry::new();
    let disks = registry.register::<Disks>().unwrap();
    let mut reader = Reader::delta(&registry);
    replace(&disks, &["a"]);
    reader.read();
    replace(&disks, &[]);
    let names: Vec<_> = reader
        .read()
        .metrics
        .into_iter()
        .map(|metric| metric.name)
        .collect();
    assert!(!names.contains(&"read_seconds".to_owned()), "{names:?}");
}
