//! Rows of the `prometheus` crate: histograms that are counted elsewhere, summaries, times of their own.

use omtx_metrics::Registry;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, SummaryDataPoint};
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Metric as Row, MetricFamily, MetricType, Quantile, Summary};

use super::*;

struct Waited;

impl Collector for Waited {
    fn desc(&self) -> Vec<&Desc> {
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let quantiles = [(0.0, 0.0), (0.5, 1.25), (0.99, f64::NAN)].map(|(at, value)| {
            let mut quantile = Quantile::default();
            quantile.set_quantile(at);
            quantile.set_value(value);
            quantile
        });
        let mut summary = Summary::default();
        summary.set_quantile(quantiles.into());
        summary.set_sample_sum(2.5);
        summary.set_sample_count(2);
        let mut row = Row::default();
        row.set_summary(summary);
        row.set_timestamp_ms(1_500);
        let mut family = MetricFamily::default();
        family.set_name("waited_seconds".to_owned());
        family.set_help("Waited.".to_owned());
        family.set_field_type(MetricType::SUMMARY);
        family.mut_metric().push(row);
        vec![family]
    }
}

fn bridged(collector: impl Collector + 'static) -> Registry {
    let theirs = prometheus::Registry::new();
    theirs.register(Box::new(collector)).unwrap();
    let registry = Registry::new();
    registry.register_prometheus("theirs", theirs).unwrap();
    registry
}

#[test]
fn a_summary_keeps_its_quantiles_and_its_time() {
    for mut reader in [
        Reader::new(&bridged(Waited)),
        Reader::delta(&bridged(Waited)),
    ] {
        let metric = reader.read_one("waited_seconds");
        let metadata = [("prometheus.type".to_owned(), "summary".to_owned())];
        assert_eq!(strings(&metric.metadata), metadata);
        let Some(Data::Summary(summary)) = metric.data else {
            panic!("no summary");
        };
        let [point] = &*summary.data_points else {
            panic!("{summary:?}");
        };
        let quantile = |quantile, value| ValueAtQuantile { quantile, value };
        assert_eq!(
            SummaryDataPoint {
                quantile_values: point.quantile_values[..2].to_vec(),
                ..point.clone()
            },
            SummaryDataPoint {
                time_unix_nano: time(1_500),
                count: 2,
                sum: 2.5,
                quantile_values: vec![quantile(0.0, 0.0), quantile(0.5, 1.25)],
                ..SummaryDataPoint::default()
            }
        );
        assert_eq!(point.quantile_values.len(), 3);
        assert!(point.quantile_values[2].value.is_nan());
    }
}

#[test]
fn a_histogram_counted_elsewhere_has_its_own_count_in_each_bucket_and_no_start() {
    let options = prometheus::HistogramOpts::new("served", "Served.").buckets(vec![1.0, 2.0]);
    let served = prometheus::Histogram::with_opts(options).unwrap();
    let mut reader = Reader::new(&bridged(served.clone()));
    for value in [0.5, 1.5, 1.75, 9.0] {
        served.observe(value);
    }
    let Some(Data::Histogram(histogram)) = reader.read_one("served").data else {
        panic!("no histogram");
    };
    assert_eq!(
        histogram.data_points,
        [HistogramDataPoint {
            time_unix_nano: time(2_000),
            count: 4,
            sum: Some(12.75),
            bucket_counts: vec![1, 2, 1],
            explicit_bounds: vec![1.0, 2.0],
            ..HistogramDataPoint::default()
        }]
    );
}
