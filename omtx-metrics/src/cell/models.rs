//! What the cells promise while they split, in every order that the memory model allows.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p omtx-metrics --lib --release models`.

use loom::sync::Arc;
use loom::thread;

use super::{
    Bounds, CellConfig, Counter, CounterF64, ExemplarBuffer, Histogram, Layout, NativeBuckets,
    NativeLayout, Values, Wants, metric::Sealed as _,
};

/// Runs the writers beside `read`, which must never go down, and checks the end.
///
/// This thread writes, and the reader is the last that is spawned: loom remembers one earlier access for each atomic,
/// and would not try a reader ahead of a writer that loads before it stores.
fn check<C: Send + Sync + 'static>(
    new: fn() -> C,
    writers: [fn(&C); 2],
    read: fn(&C) -> f64,
    end: f64,
) {
    // Loom's documentation: bounds of 2 or 3 catch most bugs. Without one this takes minutes instead of seconds.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let cell = Arc::new(new());
        let spawn = |run: Box<dyn FnOnce(&C)>| {
            let cell = Arc::clone(&cell);
            thread::spawn(move || run(&cell))
        };
        let writer = spawn(Box::new(writers[1]));
        let reader = spawn(Box::new(move |cell| {
            let first = read(cell);
            let second = read(cell);
            assert!(first <= second, "went from {first} to {second}");
        }));
        writers[0](&cell);
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(read(&cell), end);
    });
}

fn histogram() -> Histogram {
    super::new(&CellConfig {
        layout: std::sync::Arc::new(Layout::classic(&[1.0])),
    })
}

#[test]
fn a_counter_that_splits_loses_nothing_and_never_goes_down() {
    fn count(counter: &Counter) {
        counter.add(2);
    }
    fn split_and_count(counter: &Counter) {
        counter.split();
        counter.inc();
    }
    let read = |counter: &Counter| counter.get() as f64;
    check(Counter::new, [count, split_and_count], read, 3.0);
}

#[test]
fn a_counter_that_two_threads_split_at_once_splits_once() {
    fn split_and_count(counter: &Counter) {
        counter.split();
        counter.inc();
    }
    let read = |counter: &Counter| counter.get() as f64;
    check(Counter::new, [split_and_count; 2], read, 2.0);
}

#[test]
fn a_counter_of_fractions_splits_when_exchanges_fail_and_loses_nothing() {
    fn add(counter: &CounterF64) {
        counter.add(0.5);
    }
    let new = || {
        super::new(&CellConfig {
            layout: std::sync::Arc::new(Layout::classic(&[])),
        })
    };
    check(new, [add; 2], CounterF64::get, 1.0);
}

#[test]
fn a_histogram_that_splits_loses_no_observation_and_its_count_never_goes_down() {
    fn observe(histogram: &Histogram) {
        histogram.observe(2.0);
    }
    fn split_and_observe(histogram: &Histogram) {
        histogram.split();
        histogram.observe(0.5);
    }
    let read = |histogram: &Histogram| histogram.count() as f64;
    check(histogram, [observe, split_and_observe], read, 2.0);
}

#[test]
fn a_histogram_that_splits_keeps_its_sum() {
    fn observe(histogram: &Histogram) {
        histogram.observe(2.0);
    }
    fn split_and_observe(histogram: &Histogram) {
        histogram.split();
        histogram.observe(0.5);
    }
    check(histogram, [observe, split_and_observe], Histogram::sum, 2.5);
}

/// Tables for one bucket, then for two, then for four (two, and the two special ones), then coarser. `upper_bounds` are
/// the classic form's.
fn native_histogram(upper_bounds: &[f64]) -> Histogram {
    let native = NativeBuckets::new().max_buckets(2);
    super::new(&CellConfig {
        layout: std::sync::Arc::new(Layout {
            bounds: Bounds::new(upper_bounds),
            native: Some(NativeLayout::new(&native)),
            exemplars: false,
        }),
    })
}

/// Two threads observe a value each; then the histogram has `end` observations.
fn observe_both(new: fn() -> Histogram, values: [f64; 2], end: u64) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let histogram = Arc::new(new());
        let shared = Arc::clone(&histogram);
        let other = thread::spawn(move || shared.observe(values[1]));
        histogram.observe(values[0]);
        other.join().unwrap();
        assert_eq!(histogram.count(), end);
    });
}

#[test]
fn a_native_histogram_loses_nothing_when_two_threads_need_the_same_new_bucket() {
    observe_both(|| native_histogram(&[]), [2.0, 2.0], 2);
}

#[test]
fn a_native_histogram_loses_nothing_while_a_larger_table_replaces_the_first() {
    let new = || {
        let histogram = native_histogram(&[]);
        histogram.observe(2.0);
        histogram
    };
    observe_both(new, [4.0, 8.0], 3);
    observe_both(new, [4.0, 2.0], 3);
}

#[test]
fn a_native_histogram_loses_nothing_while_its_resolution_halves() {
    let new = || {
        let histogram = native_histogram(&[]);
        // One in the first table, two in the second, four in the third.
        (1..=7).for_each(|power| histogram.observe(f64::exp2(power.into())));
        histogram
    };
    observe_both(new, [256.0, 128.0], 9);
}

/// One thread observes and the other reads, twice.
fn read_beside(new: fn() -> Histogram, value: f64, end: u64) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(move || {
        let histogram = Arc::new(new());
        let shared = Arc::clone(&histogram);
        let reader = thread::spawn(move || {
            let wants = Wants {
                native: true,
                ..Wants::default()
            };
            let mut values = Values::default();
            let mut last = 0;
            for _ in 0..2 {
                shared.read(wants, &mut values);
                // Both forms are counted one after the other: the classic one must never be ahead.
                assert!(values.buckets.iter().all(|&bucket| bucket <= end));
                assert_eq!(values.buckets.iter().sum::<u64>(), values.native.count);
                assert!(last <= values.native.count);
                last = values.native.count;
            }
        });
        histogram.observe(value);
        reader.join().unwrap();
        assert_eq!(histogram.count(), end);
    });
}

#[test]
fn a_reader_sees_no_bucket_of_the_classic_form_ahead_of_the_native_one() {
    read_beside(|| native_histogram(&[1.0]), 0.5, 1);
}

#[test]
fn a_native_histogram_never_goes_down_while_a_larger_table_replaces_the_first() {
    let new = || {
        let histogram = native_histogram(&[1.0]);
        histogram.observe(2.0);
        histogram
    };
    read_beside(new, 4.0, 2);
}

/// Of which three values are one too many, and whose every such reading is a reset.
fn resetting_histogram(upper_bounds: &[f64]) -> Histogram {
    let native = NativeBuckets::new().max_buckets(2);
    let native = native.min_reset_interval(std::time::Duration::from_nanos(1));
    let histogram: Histogram = super::new(&CellConfig {
        layout: std::sync::Arc::new(Layout {
            bounds: Bounds::new(upper_bounds),
            native: Some(NativeLayout::new(&native)),
            exemplars: false,
        }),
    });
    coarsen(&histogram);
    histogram
}

fn coarsen(histogram: &Histogram) {
    (1..=3).for_each(|power| histogram.observe(f64::exp2(power.into())));
}

/// Reads the native form. How many observations it shows, and of these how many never again, since it has reset.
fn scrape(histogram: &Histogram) -> (u64, u64) {
    let wants = Wants {
        native: true,
        ..Wants::default()
    };
    let mut values = Values::default();
    let resets = histogram.began_again();
    histogram.read(wants, &mut values);
    let count = values.native.count;
    assert_eq!(values.buckets.iter().sum::<u64>(), count);
    let ended = histogram.began_again() > resets;
    (count, if ended { count } else { 0 })
}

/// One thread observes while the other resets twice, so that the side comes back that the first may have found.
fn reset_beside(upper_bounds: &'static [f64], value: f64) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(move || {
        let histogram = Arc::new(resetting_histogram(upper_bounds));
        let shared = Arc::clone(&histogram);
        let reader = thread::spawn(move || {
            let (_, first) = scrape(&shared);
            coarsen(&shared);
            let (_, second) = scrape(&shared);
            first + second
        });
        histogram.observe(value);
        let ended = reader.join().unwrap();
        let (last, _) = scrape(&histogram);
        assert_eq!(ended + last, 7);
    });
}

#[test]
fn an_observation_beside_resets_is_shown_once() {
    reset_beside(&[], 2.0);
    reset_beside(&[], 16.0);
}

#[test]
fn an_observation_beside_resets_is_shown_once_by_both_forms() {
    reset_beside(&[1.0], 2.0);
    reset_beside(&[1.0], 0.5);
}

#[test]
fn exemplars_are_whole_and_each_recorder_goes_on() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let counter = Arc::new(Counter::new());
        let read = |counter: &Counter| {
            let mut buffer = ExemplarBuffer::default();
            counter.exemplars(&mut buffer);
            for exemplar in buffer.read().iter() {
                assert_eq!(exemplar.labels, format!("n=\"{}\"", exemplar.value));
            }
            buffer.read().iter().count()
        };
        let shared = Arc::clone(&counter);
        let other = thread::spawn(move || shared.add_with_exemplar(2, &[("n", "2")]));
        let shared = Arc::clone(&counter);
        let reader = thread::spawn(move || read(&shared));
        counter.add_with_exemplar(1, &[("n", "1")]);
        other.join().unwrap();
        reader.join().unwrap();
        assert_eq!(counter.get(), 3);
        // Each may have given way to the reader or to the other.
        assert!(read(&counter) <= 1);
    });
}
