//! What native histograms promise, against a plain model of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::index::{coarser, finest_index};
use super::{NativeBuckets, NativeLayout, NativeReading};
use crate::cell::{
    self, Bounds, CellConfig, Histogram, Layout, Reading, Values, Wants, metric::Sealed as _,
};

pub(super) fn histogram(native: NativeBuckets, upper_bounds: &[f64]) -> Histogram {
    cell::new(&CellConfig {
        layout: Arc::new(Layout {
            bounds: Bounds::new(upper_bounds),
            native: Some(NativeLayout::new(&native)),
            exemplars: false,
        }),
    })
}

/// The native form and the classic buckets.
fn read(histogram: &Histogram) -> (NativeReading, Vec<u64>) {
    let wants = Wants {
        native: true,
        ..Wants::default()
    };
    let mut values = Values::default();
    match histogram.read(wants, &mut values) {
        Reading::Histogram {
            buckets,
            native: Some(native),
            ..
        } => (native.clone(), buckets.to_vec()),
        other => unreachable!("a native histogram reads as one, not as {other:?}"),
    }
}

fn observed(native: NativeBuckets, values: &[f64]) -> NativeReading {
    let histogram = histogram(native, &[]);
    values.iter().for_each(|&value| histogram.observe(value));
    read(&histogram).0
}

pub(super) type Buckets = Vec<(i32, u64)>;

/// Where `values` lie at this schema and zero threshold, each by itself: positive, negative, and those in the zero bucket.
pub(super) fn expected(
    values: &[f64],
    schema: i32,
    zero_threshold: f64,
) -> (Buckets, Buckets, u64) {
    let (mut positive, mut negative) = (BTreeMap::new(), BTreeMap::new());
    let mut zero = 0;
    for &value in values.iter().filter(|value| !value.is_nan()) {
        if value.abs() <= zero_threshold {
            zero += 1;
            continue;
        }
        let side = if value > 0.0 {
            &mut positive
        } else {
            &mut negative
        };
        let index = coarser(finest_index(value.abs()), (8 - schema) as u32);
        *side.entry(index).or_insert(0) += 1;
    }
    (
        positive.into_iter().collect(),
        negative.into_iter().collect(),
        zero,
    )
}

#[test]
fn a_histogram_of_nothing_is_empty_at_its_schema() {
    assert_eq!(
        observed(NativeBuckets::new(), &[]),
        NativeReading {
            schema: 3,
            zero_threshold: f64::exp2(-128.0),
            ..NativeReading::default()
        },
    );
}

#[test]
fn observations_lie_in_exponential_buckets() {
    let buckets = NativeBuckets::new().factor(2.0).zero_threshold(0.25);
    let reading = observed(buckets, &[0.0, -0.25, 1.0, 1.5, 2.0, 2.5, -3.0, -4.0]);
    assert_eq!(
        reading,
        NativeReading {
            schema: 0,
            zero_threshold: 0.25,
            zero_count: 2,
            positive: vec![(0, 1), (1, 2), (2, 1)],
            negative: vec![(2, 2)],
            count: 8,
            sum: -0.25,
        },
    );
}

#[test]
fn what_is_not_a_number_counts_and_spoils_the_sum_of_the_native_form_only() {
    let histogram = histogram(NativeBuckets::new(), &[1.0]);
    histogram.observe(f64::NAN);
    histogram.observe(0.5);
    let (reading, classic) = read(&histogram);
    assert_eq!((reading.count, classic), (2, vec![1, 1]));
    assert_eq!(reading.positive, [(-8, 1)]);
    assert!(reading.sum.is_nan());
    assert_eq!(histogram.sum(), 0.5);
}

#[test]
fn infinities_lie_beyond_the_largest_number() {
    let reading = observed(
        NativeBuckets::new(),
        &[f64::MAX, f64::INFINITY, f64::NEG_INFINITY],
    );
    assert_eq!(reading.positive, [(8_192, 1), (8_193, 1)]);
    assert_eq!(reading.negative, [(8_193, 1)]);
    assert_eq!(reading.count, 3);
}

#[test]
fn beyond_the_limit_the_resolution_halves() {
    // Powers of 2^(1/8): a bucket of schema 3 each.
    let power = |index: i32| f64::exp2(f64::from(index) / 8.0) * 0.999;
    let values: Vec<f64> = (1..=160).map(power).collect();
    assert_eq!(observed(NativeBuckets::new(), &values).schema, 3);

    let values: Vec<f64> = (1..=161).map(power).collect();
    let reading = observed(NativeBuckets::new(), &values);
    assert_eq!((reading.schema, reading.positive.len()), (2, 81));
    assert_eq!(reading.positive[..2], [(1, 2), (2, 2)]);
    assert_eq!(reading.count, 161);
}

#[test]
fn where_the_coarsest_schema_has_too_many_the_zero_bucket_widens() {
    let values = [1e-30, -1e-30, 1e-20, 1e-10, 1.0, 1e10, -1e10, 1e20];
    let reading = observed(NativeBuckets::new().max_buckets(4), &values);
    assert_eq!(
        reading,
        NativeReading {
            schema: -4,
            zero_threshold: f64::exp2(-32.0),
            zero_count: 4,
            positive: vec![(0, 1), (3, 1), (5, 1)],
            negative: vec![(3, 1)],
            count: 8,
            sum: values.iter().sum(),
        },
    );
}

#[test]
fn without_classic_buckets_all_observations_are_in_the_infinite_one() {
    let histogram = histogram(NativeBuckets::new(), &[]);
    [0.5, 2.0, f64::NAN]
        .into_iter()
        .for_each(|value| histogram.observe(value));
    let mut values = Values::default();
    let reading = histogram.read(Wants::default(), &mut values);
    assert!(
        matches!(reading, Reading::Histogram { buckets: &[3], native: None, sum, .. } if sum == 2.5),
        "{reading:?}",
    );
    assert_eq!(histogram.count(), 3);
}

pub(super) fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 1e-4..1e2_f64,
        4 => any::<f64>(),
        2 => -10.0..10.0_f64,
        1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324]),
    ]
}

proptest! {
    #[test]
    fn every_observation_is_in_the_bucket_that_it_belongs_to(
        values in prop::collection::vec(any_value(), 0..300),
        factor in 1.001..5.0_f64,
        max_buckets in 2..200_usize,
        splits in 0..300_usize,
    ) {
        let native = NativeBuckets::new().factor(factor).max_buckets(max_buckets);
        let histogram = histogram(native, &[0.1, 1.0]);
        let mut last: Option<NativeReading> = None;
        for (at, &value) in values.iter().enumerate() {
            if at == splits {
                histogram.split();
            }
            histogram.observe(value);
            if at % 50 == 0 {
                let (reading, _) = read(&histogram);
                if let Some(last) = last {
                    prop_assert!(reading.schema <= last.schema);
                    prop_assert!(reading.zero_threshold >= last.zero_threshold);
                    prop_assert!(reading.count > last.count);
                }
                last = Some(reading);
            }
        }
        let (reading, classic) = read(&histogram);
        let (positive, negative, zero) = expected(&values, reading.schema, reading.zero_threshold);
        prop_assert_eq!(&reading.positive, &positive);
        prop_assert_eq!(&reading.negative, &negative);
        prop_assert_eq!(reading.zero_count, zero);
        prop_assert_eq!(reading.count, values.len() as u64);
        prop_assert_eq!(classic.iter().sum::<u64>(), reading.count);

        // As fine as the limit allows, and not coarser.
        let len = positive.len() + negative.len();
        prop_assert!(len <= max_buckets);
        let first = native.schema();
        prop_assert!(reading.schema <= first);
        if reading.schema < first {
            let (positive, negative, _) =
                expected(&values, reading.schema + 1, native.limits().1);
            prop_assert!(positive.len() + negative.len() > max_buckets);
        }
        let widened = reading.zero_threshold > native.limits().1;
        prop_assert!(!widened || reading.schema == -4);
    }
}
