//! Eight threads write one cell while it splits under them.
//!
//! Whether contention is noticed depends on the machine, so that these split the cell themselves, half-way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::{
    Bounds, CellConfig, Counter, Histogram, Layout, NativeBuckets, NativeLayout, Reading, Values,
    Wants, metric::Sealed as _,
};

const WRITERS: usize = 8;
const ROUNDS: u64 = 50_000;

/// Runs `write` on eight threads, `split` half-way on one of them, and `read` on this one until all have ended.
fn run(write: impl Fn() + Sync, split: impl Fn() + Sync, mut read: impl FnMut()) {
    let (start, running) = (Barrier::new(WRITERS + 1), AtomicUsize::new(WRITERS));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (start, running, write, split) = (&start, &running, &write, &split);
            scope.spawn(move || {
                start.wait();
                for round in 0..ROUNDS {
                    if writer == 0 && round == ROUNDS / 2 {
                        split();
                    }
                    write();
                }
                running.fetch_sub(1, Ordering::Release);
            });
        }
        start.wait();
        while running.load(Ordering::Acquire) > 0 {
            read();
        }
    });
    read();
}

#[test]
fn a_counter_never_goes_down_and_loses_nothing_while_it_splits() {
    let counter = Counter::new();
    let mut last = 0;
    run(
        || counter.inc(),
        || counter.split(),
        || {
            let value = counter.get();
            assert!(last <= value, "from {last} to {value}");
            last = value;
        },
    );
    assert_eq!(last, WRITERS as u64 * ROUNDS);
}

#[test]
fn no_bucket_goes_down_and_no_observation_is_lost_while_a_histogram_splits() {
    let histogram: Histogram = super::new(&CellConfig {
        layout: Arc::new(Layout::classic(&[1.0, 2.0])),
    });
    let (mut last, mut scratch) = ([0; 3], Values::default());
    run(
        || {
            [0.5, 1.5, 2.5]
                .into_iter()
                .for_each(|value| histogram.observe(value))
        },
        || histogram.split(),
        || {
            let Reading::Histogram { buckets, .. } = histogram.read(Wants::default(), &mut scratch)
            else {
                unreachable!("a histogram reads as one");
            };
            for (last, &bucket) in last.iter_mut().zip(buckets) {
                assert!(*last <= bucket, "from {last} to {bucket}");
                *last = bucket;
            }
        },
    );
    let each = WRITERS as u64 * ROUNDS;
    assert_eq!(last, [each; 3]);
    assert_eq!(histogram.count(), 3 * each);
    assert_eq!(histogram.sum(), 4.5 * each as f64);
}

#[test]
fn a_native_histogram_loses_nothing_while_it_grows_coarsens_and_splits() {
    // One factor of 2^(1/256) after the other, so that tables fill up, in the reach of the limit several times over.
    let native = NativeBuckets::new().factor(1.002).max_buckets(100);
    let histogram: Histogram = super::new(&CellConfig {
        layout: Arc::new(Layout {
            bounds: Bounds::new(&[1.0, 2.0]),
            native: Some(NativeLayout::new(&native)),
            exemplars: false,
        }),
    });
    let next = AtomicUsize::new(0);
    let wants = Wants {
        native: true,
        ..Wants::default()
    };
    let (mut last, mut scratch) = (0, Values::default());
    run(
        || {
            let at = next.fetch_add(1, Ordering::Relaxed);
            histogram.observe(f64::exp2((at % 50_000) as f64 / 5_000.0 - 1.0));
        },
        || histogram.split(),
        || {
            let Reading::Histogram {
                buckets,
                native: Some(native),
                ..
            } = histogram.read(wants, &mut scratch)
            else {
                unreachable!("a native histogram reads as one");
            };
            assert_eq!(buckets.iter().sum::<u64>(), native.count);
            let in_buckets: u64 = native.positive.iter().map(|(_, count)| count).sum();
            assert_eq!(in_buckets, native.count);
            assert!(native.positive.len() <= 100);
            assert!(last <= native.count, "from {last} to {}", native.count);
            last = native.count;
        },
    );
    assert_eq!(last, WRITERS as u64 * ROUNDS);
    // 10 octaves: 160 buckets at schema 4, 80 at schema 3.
    assert_eq!(scratch.native.schema, 3);
}

/// Each life of a histogram is shown by the scrape that ends it, and the last by the reading at the end.
#[test]
fn a_histogram_that_is_reset_while_threads_count_shows_every_observation_once() {
    for upper_bounds in [&[][..], &[1.0, 2.0]] {
        let native = NativeBuckets::new()
            .factor(1.002)
            .max_buckets(100)
            .min_reset_interval(Duration::from_nanos(1));
        let histogram: Histogram = super::new(&CellConfig {
            layout: Arc::new(Layout {
                bounds: Bounds::new(upper_bounds),
                native: Some(NativeLayout::new(&native)),
                exemplars: false,
            }),
        });
        let next = AtomicUsize::new(0);
        let wants = Wants {
            native: true,
            ..Wants::default()
        };
        let mut values = Values::default();
        // Of those that have ended, and as the last reading showed them.
        let (mut count, mut sum, mut ends) = (0, 0.0, 0);
        let (mut last_count, mut last_sum, mut last_reset) = (0, 0.0, 0);
        run(
            || {
                let at = next.fetch_add(1, Ordering::Relaxed);
                histogram.observe((at % 4_096 + 1) as f64);
            },
            || histogram.split(),
            || {
                let Reading::Histogram {
                    buckets,
                    native: Some(native),
                    sum: now,
                    ..
                } = histogram.read(wants, &mut values)
                else {
                    unreachable!("a native histogram reads as one");
                };
                assert_eq!(buckets.iter().sum::<u64>(), native.count);
                let in_buckets: u64 = native.positive.iter().map(|(_, count)| count).sum();
                assert_eq!(in_buckets, native.count);
                let (native, now) = (native.clone(), now);
                let reset = histogram.began_again();
                assert!(last_count <= native.count, "from {last_count}");
                (last_count, last_sum) = (native.count, now);
                if reset != last_reset {
                    last_reset = reset;
                    (count, sum, ends) = (count + last_count, sum + last_sum, ends + 1);
                    (last_count, last_sum) = (0, 0.0);
                }
            },
        );
        assert!(ends > 1, "{ends} resets");
        assert_eq!(count + last_count, WRITERS as u64 * ROUNDS);
        let values = (0..WRITERS * ROUNDS as usize).map(|at| (at % 4_096 + 1) as f64);
        assert_eq!(sum + last_sum, values.sum::<f64>());
    }
}
