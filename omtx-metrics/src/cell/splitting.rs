//! Eight threads write one cell while it splits under them.
//!
//! Whether contention is noticed depends on the machine, so that these split the cell themselves, half-way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use super::{Bounds, CellConfig, Counter, Histogram, Reading, Values, Wants, metric::Sealed as _};

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
        bounds: Arc::new(Bounds::new(&[1.0, 2.0])),
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
