use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::testing::Step;
use super::{Bench, LONG, small};
use crate::Signal;

const SHORT: Duration = Duration::from_millis(40);

#[test]
fn a_flush_says_how_much_it_leaves_and_what_is_left_is_sent_later() {
    let bench = Bench::real_time(small(), [Step::Slow(Duration::from_millis(200))]);
    bench.push(7);
    let flushed = bench.exporter.flush(SHORT);
    if !flushed.is_complete() {
        assert!((1..=7).contains(&flushed.left(Signal::Traces)), "{flushed}");
        assert_eq!(flushed.left(Signal::Logs), 0);
    }
    assert!(bench.exporter.flush(LONG).is_complete());
    assert_eq!(bench.collector.spans().len(), 7);
}

#[test]
fn a_flush_of_what_never_settles_is_not_complete() {
    let bench = Bench::real_time(small(), []);
    bench.collector.always(Step::HangForEver);
    bench.push(7);
    let flushed = bench.exporter.flush(SHORT);
    assert!(!flushed.is_complete());
    assert_eq!(flushed.left(Signal::Traces), 7);
    assert_eq!(flushed.to_string(), "not settled: 7 spans");
    bench.exporter.shutdown(Duration::ZERO);
}

#[test]
fn a_registry_that_cannot_be_read_makes_flushes_incomplete_and_not_slower_and_keeps_few_threads() {
    let bench = Bench::real_time(small(), []);
    let gate = Arc::new(Mutex::new(()));
    let (entered, left) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    bench.exporter.before_flush({
        let (gate, entered, left) = (Arc::clone(&gate), Arc::clone(&entered), Arc::clone(&left));
        Arc::new(move |_| {
            entered.fetch_add(1, Ordering::SeqCst);
            drop(gate.lock());
            left.fetch_add(1, Ordering::SeqCst);
        })
    });
    let closed = gate.lock();
    bench.push(3);
    for _ in 0..30 {
        let flushed = bench.exporter.flush(Duration::from_millis(2));
        assert!(!flushed.is_complete());
    }
    // What can be sent is sent all the same.
    bench.wait(|bench| bench.stats().exported == 3);
    let threads = || (entered.load(Ordering::SeqCst), left.load(Ordering::SeqCst));
    assert!(threads().0 <= 8, "{:?}", threads());

    drop(closed);
    let begun = Instant::now();
    while !bench.exporter.flush(LONG).is_complete() || threads().0 != threads().1 {
        assert!(begun.elapsed() < LONG, "{:?}", threads());
        std::thread::yield_now();
    }
    assert!(threads().0 >= 2, "reading goes on: {:?}", threads());
}
