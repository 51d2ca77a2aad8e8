//! What resets promise, against a plain model of them.

use std::time::Duration;

use proptest::prelude::*;

use super::tests::{any_value, expected, histogram};
use super::{NativeBuckets, NativeReading};
use crate::cell::{ExemplarBuffer, Histogram, Reading, Values, Wants, metric::Sealed as _};
use crate::time::{self, Timestamp};

/// Reads at this second, as a scrape of the native form does. When the histogram began again, if it ever has.
fn scrape(histogram: &Histogram, second: u64) -> (NativeReading, Vec<u64>, Option<u64>) {
    let at = Timestamp::from_millis(second * 1_000);
    let wants = Wants {
        native: true,
        ..Wants::default()
    };
    let mut values = Values::default();
    match time::at(at, || histogram.read(wants, &mut values)) {
        Reading::Histogram {
            buckets,
            native: Some(native),
            reset,
            ..
        } => (
            native.clone(),
            buckets.to_vec(),
            reset.map(|reset| reset.millis() / 1_000),
        ),
        other => unreachable!("a native histogram reads as one, not as {other:?}"),
    }
}

/// At second 0, with four buckets at most and a reset every ten seconds at most.
fn resetting(upper_bounds: &[f64]) -> Histogram {
    let native = NativeBuckets::new()
        .factor(2.0)
        .max_buckets(4)
        .min_reset_interval(Duration::from_secs(10));
    time::at(Timestamp::from_millis(0), || {
        histogram(native, upper_bounds)
    })
}

#[test]
fn a_coarsened_histogram_is_shown_once_more_and_begins_again_at_its_own_resolution() {
    let histogram = resetting(&[3.0]);
    let values = [1.0, 2.0, 4.0, 8.0, 16.0];
    values.iter().for_each(|&value| histogram.observe(value));
    // Too early: less than ten seconds after the beginning.
    let (early, ..) = scrape(&histogram, 9);
    assert_eq!((early.schema, early.count), (-1, 5));
    histogram.observe(64.0);
    let (last, classic, reset) = scrape(&histogram, 10);
    assert_eq!((last.schema, last.count, last.sum), (-1, 6, 95.0));
    assert_eq!((classic, reset), (vec![2, 4], None));

    let (first, classic, reset) = scrape(&histogram, 11);
    assert_eq!((first.schema, first.count, first.sum), (0, 0, 0.0));
    assert_eq!((classic, reset), (vec![0, 0], Some(10)));
    histogram.observe(64.0);
    let (second, classic, reset) = scrape(&histogram, 12);
    assert_eq!(second.positive, [(6, 1)]);
    assert_eq!((classic, reset), (vec![0, 1], Some(10)));
    assert_eq!((histogram.count(), histogram.sum()), (1, 64.0));
}

#[test]
fn a_histogram_is_reset_as_often_as_it_is_coarsened_and_its_interval_allows() {
    for upper_bounds in [&[][..], &[3.0]] {
        let histogram = resetting(upper_bounds);
        let mut resets = Vec::new();
        for second in 1..=40 {
            let values = [1.0, 2.0, 4.0, 8.0, 16.0];
            values.iter().for_each(|&value| histogram.observe(value));
            let (reading, classic, reset) = scrape(&histogram, second);
            assert_eq!(classic.iter().sum::<u64>(), reading.count);
            resets.extend(reset);
        }
        resets.dedup();
        assert_eq!(resets, [10, 20, 30]);
    }
}

#[test]
fn a_histogram_within_its_limit_is_never_reset() {
    let histogram = resetting(&[3.0]);
    for second in 1..=40 {
        for value in [1.0, 2.0, 4.0] {
            histogram.observe(value);
        }
        let (reading, _, reset) = scrape(&histogram, second);
        assert_eq!((reading.count, reset), (3 * second, None));
    }
}

#[test]
fn without_an_interval_a_coarsened_histogram_stays_as_it_is() {
    let histogram = histogram(NativeBuckets::new().factor(2.0).max_buckets(4), &[3.0]);
    for value in [1.0, 2.0, 4.0, 8.0, 16.0] {
        histogram.observe(value);
    }
    for second in [0, 1_000_000_000] {
        let (reading, _, reset) = scrape(&histogram, second);
        assert_eq!((reading.schema, reading.count, reset), (-1, 5, None));
    }
}

#[test]
fn scrapes_that_show_no_native_form_reset_nothing() {
    let histogram = resetting(&[]);
    for value in [1.0, 2.0, 4.0, 8.0, 16.0] {
        histogram.observe(value);
    }
    let late = Timestamp::from_millis(1_000_000);
    let mut values = Values::default();
    for _ in 0..2 {
        let reading = time::at(late, || histogram.read(Wants::default(), &mut values));
        assert!(matches!(
            reading,
            Reading::Histogram {
                buckets: &[5],
                reset: None,
                ..
            }
        ));
    }
}

#[test]
fn a_widened_zero_bucket_is_narrow_again_after_a_reset() {
    let histogram = resetting(&[]);
    let values = [1e-30, 1e-20, 1e-10, 1.0, 1e10];
    for value in values {
        histogram.observe(value);
    }
    let (last, ..) = scrape(&histogram, 10);
    assert!((last.schema, last.zero_count) == (-4, 1) && last.zero_threshold > 1e-30);
    histogram.observe(1e-30);
    let (first, ..) = scrape(&histogram, 11);
    assert_eq!((first.schema, first.zero_threshold), (0, f64::exp2(-128.0)));
    assert_eq!((first.zero_count, first.positive), (0, vec![(-99, 1)]));
}

#[test]
fn a_reset_takes_the_exemplars_along() {
    let histogram = resetting(&[]);
    let values = [1.0, 2.0, 4.0, 8.0, 16.0];
    for value in values {
        histogram.observe_with_exemplar(value, &[("n", "1")]);
    }
    scrape(&histogram, 10);
    let mut buffer = ExemplarBuffer::default();
    histogram.exemplars(&mut buffer);
    assert_eq!(buffer.read().iter().count(), 0);
}

/// What happens to a histogram.
#[derive(Debug, Clone)]
enum Step {
    Observe(f64),
    /// Time passes, and a scrape comes.
    Scrape {
        seconds: u64,
        native: bool,
    },
    Split,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => any_value().prop_map(Step::Observe),
        3 => (0..8_u64, prop::bool::weighted(0.8))
            .prop_map(|(seconds, native)| Step::Scrape { seconds, native }),
        1 => Just(Step::Split),
    ]
}

fn classic_of(values: &[f64], upper: f64) -> Vec<u64> {
    let low = values.iter().filter(|&&value| value <= upper).count() as u64;
    vec![low, values.len() as u64 - low]
}

proptest! {
    /// Against a plain model: a list of what was observed since the last reset.
    #[test]
    fn whatever_is_observed_between_resets_is_shown_once(
        steps in prop::collection::vec(any_step(), 0..400),
        max_buckets in 2..20_usize,
        classic in any::<bool>(),
    ) {
        let native = NativeBuckets::new()
            .max_buckets(max_buckets)
            .min_reset_interval(Duration::from_secs(10));
        let bounds: &[f64] = if classic { &[1.0] } else { &[] };
        let histogram = time::at(Timestamp::from_millis(0), || histogram(native, bounds));
        let (mut observed, mut now, mut began, mut last) = (Vec::new(), 0, 0, None);
        for step in steps {
            match step {
                Step::Observe(value) => {
                    histogram.observe(value);
                    observed.push(value);
                }
                Step::Split => histogram.split(),
                Step::Scrape { seconds, native: false } => {
                    now += seconds;
                    let values = (histogram.count(), histogram.sum());
                    let finite = observed.iter().filter(|value| value.is_finite());
                    let sum = finite.clone().sum::<f64>();
                    let scale: f64 = finite.map(|value| value.abs()).sum();
                    prop_assert_eq!(values.0, observed.len() as u64);
                    prop_assert!(sum == values.1 || (values.1 - sum).abs() <= 1e-9 * scale);
                }
                Step::Scrape { seconds, native: true } => {
                    now += seconds;
                    let (reading, buckets, reset) = scrape(&histogram, now);
                    let (positive, negative, zero) =
                        expected(&observed, reading.schema, reading.zero_threshold);
                    prop_assert_eq!(&reading.positive, &positive);
                    prop_assert_eq!(&reading.negative, &negative);
                    prop_assert_eq!(reading.zero_count, zero);
                    prop_assert_eq!(reading.count, observed.len() as u64);
                    prop_assert_eq!(buckets, if classic {
                        classic_of(&observed, 1.0)
                    } else {
                        vec![observed.len() as u64]
                    });
                    prop_assert_eq!(reset, last);
                    let (finest_positive, finest_negative, _) =
                        expected(&observed, 3, native.limits().1);
                    let fits = finest_positive.len() + finest_negative.len() <= max_buckets;
                    prop_assert_eq!(reading.schema == 3 && reading.zero_threshold == native.limits().1, fits);
                    if !fits && now - began >= 10 {
                        observed.clear();
                        began = now;
                        last = Some(now);
                    }
                }
            }
        }
    }
}
