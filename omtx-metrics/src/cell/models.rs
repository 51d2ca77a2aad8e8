//! What the cells promise while they split, in every order that the memory model allows.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p omtx-metrics --lib --release models`.

use loom::sync::Arc;
use loom::thread;

use super::{Bounds, CellConfig, Counter, CounterF64, Histogram};

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
        bounds: std::sync::Arc::new(Bounds::new(&[1.0])),
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
            bounds: std::sync::Arc::new(Bounds::new(&[])),
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
