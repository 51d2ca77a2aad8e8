//! Exponential histograms beside what Prometheus' own protobuf says of the same histogram.

use omtx_metrics::{Histogram, NativeBuckets, Registry};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{ExponentialHistogramDataPoint, metric::Data};
use proptest::prelude::*;

use super::*;

/// `io.prometheus.client.MetricFamily`, as far as native histograms go.
#[derive(Clone, PartialEq, Message)]
struct MetricFamily {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(message, repeated, tag = "4")]
    metric: Vec<PrometheusMetric>,
}

#[derive(Clone, PartialEq, Message)]
struct PrometheusMetric {
    #[prost(message, optional, tag = "7")]
    histogram: Option<Native>,
}

#[derive(Clone, PartialEq, Message)]
struct Native {
    #[prost(uint64, optional, tag = "1")]
    sample_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    sample_sum: Option<f64>,
    #[prost(sint32, optional, tag = "5")]
    schema: Option<i32>,
    #[prost(double, optional, tag = "6")]
    zero_threshold: Option<f64>,
    #[prost(uint64, optional, tag = "7")]
    zero_count: Option<u64>,
    #[prost(message, repeated, tag = "9")]
    negative_span: Vec<Span>,
    #[prost(sint64, repeated, packed = "false", tag = "10")]
    negative_delta: Vec<i64>,
    #[prost(message, repeated, tag = "12")]
    positive_span: Vec<Span>,
    #[prost(sint64, repeated, packed = "false", tag = "13")]
    positive_delta: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(sint32, optional, tag = "1")]
    offset: Option<i32>,
    #[prost(uint32, optional, tag = "2")]
    length: Option<u32>,
}

/// The buckets that hold something, numbered as Prometheus does.
fn sparse(spans: &[Span], deltas: &[i64]) -> Vec<(i32, u64)> {
    let (mut index, mut count) = (0, 0);
    let mut deltas = deltas.iter();
    let mut buckets = Vec::new();
    for span in spans {
        index += span.offset();
        for _ in 0..span.length() {
            count += deltas.next().unwrap();
            buckets.push((index, count as u64));
            index += 1;
        }
    }
    buckets.retain(|(_, count)| *count > 0);
    buckets
}

/// The same from OTLP, where buckets are numbered by their lower bounds.
fn dense(buckets: Option<&Buckets>) -> Vec<(i32, u64)> {
    let mut all = Vec::new();
    if let Some(Buckets {
        offset,
        bucket_counts,
    }) = buckets
    {
        all.extend((*offset + 1..).zip(bucket_counts.iter().copied()));
    }
    all.retain(|(_, count)| *count > 0);
    all
}

fn point(registry: &Registry) -> ExponentialHistogramDataPoint {
    match Reader::new(registry).read_one("weight").data {
        Some(Data::ExponentialHistogram(mut histogram)) => {
            assert_eq!(histogram.aggregation_temporality, 2);
            histogram.data_points.remove(0)
        }
        other => panic!("{other:?}"),
    }
}

fn registry(buckets: NativeBuckets, values: &[f64]) -> Registry {
    let registry = Registry::new();
    let weight = registry
        .family::<(), Histogram>("weight", "Weights.")
        .native(buckets);
    let weight = weight.register().unwrap();
    let weight = weight.with(());
    for value in values {
        weight.observe(*value);
    }
    registry
}

fn native(registry: &Registry) -> Native {
    let message = registry.to_protobuf();
    let family = MetricFamily::decode_length_delimited(&*message).unwrap();
    family.metric[0].histogram.clone().unwrap()
}

#[test]
fn an_exponential_histogram_says_what_the_native_one_does() {
    let registry = registry(
        NativeBuckets::new().factor(2.0),
        &[0.0, 1.0, 1.5, 6.0, -3.0],
    );
    let point = point(&registry);
    let buckets = |offset, bucket_counts: &[u64]| {
        Some(Buckets {
            offset,
            bucket_counts: bucket_counts.to_vec(),
        })
    };
    assert_eq!(
        (point.scale, point.count, point.sum, point.zero_count),
        (0, 5, Some(5.5), 1)
    );
    assert_eq!(point.zero_threshold, 2_f64.powi(-128));
    // (0.5, 1], (1, 2] and (4, 8]; (2, 4] mirrored.
    assert_eq!(point.positive, buckets(-1, &[1, 1, 0, 1]));
    assert_eq!(point.negative, buckets(1, &[1]));
}

#[test]
fn what_was_no_number_or_infinite_is_in_no_bucket_and_not_counted() {
    let values = [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
    let point = point(&registry(NativeBuckets::new(), &values));
    assert_eq!(point.count, 2);
    assert!(point.sum.unwrap().is_nan());
    // From 1 to the largest double, as finely as 1024 buckets allow.
    assert_eq!(point.scale, -1);
    assert_eq!(dense(point.positive.as_ref()), [(0, 1), (512, 1)]);
    assert_eq!(point.negative, None);
}

#[test]
fn buckets_that_lie_far_apart_are_listed_at_a_lower_resolution() {
    let buckets = NativeBuckets::new().factor(1.003);
    let registry = registry(buckets, &[f64::MIN_POSITIVE * 1e10, 1.0, f64::MAX, -1.0]);
    assert_eq!(native(&registry).schema, Some(8));
    let point = point(&registry);
    let listed = point.positive.as_ref().unwrap().bucket_counts.len();
    assert!((512..=1024).contains(&listed), "{listed}");
    assert_eq!((point.scale, point.count), (-1, 4));
    assert_eq!(dense(point.negative.as_ref()), [(0, 1)]);
}

#[test]
fn classic_buckets_are_exported_instead_where_they_are_preferred_and_exist() {
    let values = [0.5];
    for (buckets, is_exponential) in [
        (NativeBuckets::new(), false),
        (NativeBuckets::new().without_classic(), true),
    ] {
        let mut reader = Reader::new(&registry(buckets, &values));
        reader.options.histograms = HistogramAggregation::ExplicitBucket;
        let data = reader.read_one("weight").data;
        assert_eq!(
            matches!(data, Some(Data::ExponentialHistogram(_))),
            is_exponential,
            "{data:?}"
        );
    }
}

proptest! {
    #[test]
    fn every_bucket_is_where_prometheus_has_it(
        values in prop::collection::vec(prop_oneof![any::<f64>(), -9.0..9.0_f64, Just(0.0), Just(f64::NAN), Just(f64::INFINITY)], 0..40),
        factor in 1.003..4.0_f64,
        most in 2..200_usize,
    ) {
        let registry = registry(NativeBuckets::new().factor(factor).max_buckets(most), &values);
        let (ours, theirs) = (point(&registry), native(&registry));
        let by = theirs.schema() - ours.scale;
        prop_assert!(by >= 0);
        let coarser = |buckets: Vec<(i32, u64)>| {
            let mut coarse = std::collections::BTreeMap::new();
            for (index, count) in buckets {
                // That of infinities is beyond the largest double.
                if f64::from(index - 1) * f64::exp2(f64::from(-theirs.schema())) < 1024.0 {
                    *coarse.entry(((index - 1) >> by) + 1).or_insert(0) += count;
                }
            }
            coarse.into_iter().collect::<Vec<(i32, u64)>>()
        };
        let positive = coarser(sparse(&theirs.positive_span, &theirs.positive_delta));
        let negative = coarser(sparse(&theirs.negative_span, &theirs.negative_delta));
        let count = positive.iter().chain(&negative).map(|(_, count)| count).sum::<u64>() + theirs.zero_count();
        prop_assert_eq!(dense(ours.positive.as_ref()), positive);
        prop_assert_eq!(dense(ours.negative.as_ref()), negative);
        prop_assert_eq!((ours.count, ours.zero_count, ours.zero_threshold), (count, theirs.zero_count(), theirs.zero_threshold()));
        prop_assert_eq!(ours.sum.map(f64::to_bits), theirs.sample_sum.map(f64::to_bits));
    }
}
