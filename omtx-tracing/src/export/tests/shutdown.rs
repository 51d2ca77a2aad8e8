use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::super::DropReason::{ExportFailed, Shutdown, Unknown};
use super::super::testing::{Collector, Step, lane};
use super::super::{Exporter, Lost};
use super::{Bench, LONG, small};
use crate::Signal;

/// What is in the way when everything ends: it must end by its deadline, and every span be counted.
#[track_caller]
fn check(step: Step, spans: usize) -> (Bench, Lost) {
    let bench = Bench::real_time(small(), []);
    bench.collector.always(step);
    bench.push(spans);
    if spans >= 5 {
        bench.wait(|bench| bench.collector.attempts() > 0);
    }
    let begun = Instant::now();
    let lost = bench.exporter.shutdown(Duration::from_millis(200));
    assert!(begun.elapsed() < LONG);
    let stats = bench.stats();
    assert_eq!(stats.exported + stats.dropped.total(), spans as u64);
    (bench, lost)
}

#[test]
fn with_nothing_to_send_nothing_is_lost() {
    let (bench, lost) = check(Step::Accept, 0);
    assert!(lost.is_empty());
    assert_eq!(bench.collector.attempts(), 0);
}

#[test]
fn what_waits_is_sent_without_its_delay() {
    let bench = Bench::real_time(small(), []);
    bench.push(13);
    assert!(bench.exporter.shutdown(LONG).is_empty());
    assert_eq!(bench.collector.spans().len(), 13);
}

#[test]
fn a_collector_that_hangs_leaves_one_batch_unknown_and_the_others_unsent() {
    for step in [Step::Hang, Step::HangForEver] {
        let (_, lost) = check(step, 12);
        let lost = lost.of(Signal::Traces);
        assert_eq!((lost.of(Unknown), lost.of(Shutdown)), (5, 7));
    }
}

#[test]
fn a_collector_that_is_away_has_not_got_anything() {
    let (_, lost) = check(Step::Retry(None), 12);
    assert_eq!(lost.of(Signal::Traces).of(Shutdown), 12);
    assert_eq!(lost.to_string(), "lost 12 spans (shutdown)");
}

#[test]
fn a_collector_that_refuses_everything_is_asked_for_every_batch() {
    let bench = Bench::real_time(small(), []);
    bench.collector.always(Step::Refuse);
    bench.push(12);
    bench.wait(|bench| bench.stats().dropped.of(ExportFailed) >= 5);
    let lost = bench.exporter.shutdown(LONG);
    // Some were refused before the shutdown began.
    assert!(lost.of(Signal::Traces).total() <= 7);
    assert_eq!(bench.stats().dropped.of(ExportFailed), 12);
}

#[test]
fn a_transport_that_panics_has_perhaps_sent_its_batch() {
    let (_, lost) = check(Step::Panic, 12);
    let lost = lost.of(Signal::Traces);
    assert_eq!((lost.of(Unknown), lost.of(Shutdown)), (5, 7));
}

#[test]
fn a_collector_that_wants_to_be_left_alone_for_longer_is_not_waited_for() {
    let bench = Bench::real_time(small(), []);
    bench.collector.always(Step::Retry(Some(LONG * 2)));
    bench.push(12);
    bench.wait(|bench| bench.stats().dropped.of(ExportFailed) == 5);
    let lost = bench.exporter.shutdown(LONG / 3);
    assert_eq!(lost.of(Signal::Traces).of(Shutdown), 7);
    assert_eq!(bench.collector.attempts(), 1);
}

#[test]
fn a_wait_of_our_own_is_cut_short() {
    let bench = Bench::real_time(
        small(),
        [Step::Retry(None), Step::Retry(None), Step::Retry(None)],
    );
    bench.push(12);
    bench.wait(|bench| bench.collector.attempts() == 3);
    assert!(bench.exporter.shutdown(LONG).is_empty());
    assert_eq!(bench.collector.spans().len(), 12);
}

#[test]
fn what_comes_later_is_counted_as_lost_to_the_shutdown() {
    let bench = Bench::real_time(small(), []);
    bench.pipeline().created(1);
    assert!(bench.pipeline().is_open());
    bench.exporter.shutdown(LONG);
    assert!(!bench.pipeline().is_open());
    bench.pipeline().push(super::ScopeId(0), b"", 1);
    bench.push(2);
    assert_eq!(bench.stats().dropped.of(Shutdown), 3);
    assert_eq!(bench.collector.attempts(), 0);
}

#[test]
fn no_thread_is_left_behind() {
    let bench = Bench::real_time(small(), []);
    let (held, there) = std::sync::mpsc::channel::<()>();
    bench.exporter.spawn(async move {
        std::future::pending::<()>().await;
        drop(held);
    });
    bench.push(3);
    assert!(bench.exporter.shutdown(LONG).is_empty());
    // Whatever the thread held is gone with it.
    assert_eq!(
        there.try_recv(),
        Err(std::sync::mpsc::TryRecvError::Disconnected)
    );
}

#[test]
fn a_second_shutdown_has_nothing_to_lose() {
    let bench = Bench::real_time(small(), []);
    bench.collector.always(Step::HangForEver);
    bench.push(5);
    assert!(
        !bench
            .exporter
            .shutdown(Duration::from_millis(50))
            .is_empty()
    );
    assert!(bench.exporter.shutdown(LONG).is_empty());
    assert!(bench.exporter.flush(LONG).is_complete());
}

#[test]
fn the_shorter_deadline_of_two_holds_for_both() {
    let bench = Bench::real_time(small(), []);
    bench.collector.always(Step::HangForEver);
    bench.push(5);
    std::thread::scope(|scope| {
        let patient = scope.spawn(|| bench.exporter.shutdown(LONG * 10));
        bench.wait(|bench| !bench.pipeline().is_open());
        bench.exporter.shutdown(Duration::ZERO);
        patient.join().expect("no panic");
    });
    assert_eq!(bench.stats().dropped.total(), 5);
}

#[test]
fn dropping_the_exporter_sends_what_waits() {
    let bench = Bench::real_time(small(), []);
    bench.push(3);
    let pipeline = bench.pipeline().clone();
    let collector = bench.collector.clone();
    drop(bench);
    assert_eq!(collector.spans().len(), 3);
    assert!(!pipeline.is_open());
}

#[test]
fn all_signals_share_one_deadline() {
    let stuck = Collector::default();
    stuck.always(Step::HangForEver);
    let lanes = Signal::ALL.map(|signal| lane(signal, small(), &stuck));
    let exporter = Exporter::start(lanes.into(), None).expect("a thread");
    for signal in Signal::ALL {
        let pipeline = exporter.pipeline(signal).expect("it is there");
        pipeline.created(5);
        pipeline.push(super::ScopeId(0), b"", 5);
    }
    let lost = exporter.shutdown(Duration::from_millis(300));
    for signal in Signal::ALL {
        // All three were sent: none of them waited for another to be over.
        assert_eq!(lost.of(signal).of(Unknown), 5, "{signal}");
    }
    assert_eq!(stuck.attempts(), 3);
    let text = "lost 5 spans (unknown), 5 metric points (unknown), 5 log records (unknown)";
    assert_eq!(lost.to_string(), text);
}

#[test]
fn a_flush_in_vain_loses_nothing() {
    let bench = Bench::real_time(small(), []);
    bench.collector.always(Step::HangForEver);
    bench.push(2);
    assert!(
        !bench
            .exporter
            .flush(Duration::from_millis(50))
            .is_complete()
    );
    let stats = bench.stats();
    assert_eq!(stats.in_flight_records + stats.waiting_records, 2);
    bench.exporter.shutdown(Duration::ZERO);
}

#[test]
fn readers_have_their_last_round_before_a_flush_and_before_the_end() {
    let bench = Bench::real_time(small(), []);
    let rounds = Arc::new(AtomicU32::new(0));
    let (counted, pipeline) = (Arc::clone(&rounds), bench.pipeline().clone());
    bench.exporter.before_flush(Arc::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        pipeline.created(1);
        pipeline.push(super::ScopeId(0), b"", 1);
    }));
    assert!(bench.exporter.flush(LONG).is_complete());
    assert_eq!(bench.collector.spans().len(), 1);
    assert!(bench.exporter.shutdown(LONG).is_empty());
    assert_eq!(bench.collector.spans().len(), 2);
    bench.exporter.shutdown(LONG);
    assert_eq!(rounds.load(Ordering::Relaxed), 2);
}

#[test]
fn a_reader_that_panics_leaves_the_others_their_round() {
    let bench = Bench::real_time(small(), []);
    bench
        .exporter
        .before_flush(Arc::new(|_| panic!("a reader that cannot")));
    let pipeline = bench.pipeline().clone();
    bench.exporter.before_flush(Arc::new(move |_| {
        pipeline.created(1);
        pipeline.push(super::ScopeId(0), b"", 1);
    }));
    assert!(bench.exporter.flush(LONG).is_complete());
    assert_eq!(bench.collector.spans().len(), 1);
}

#[test]
fn a_reader_that_hangs_takes_half_of_the_time_and_nothing_else() {
    let bench = Bench::real_time(small(), []);
    bench.exporter.before_flush(Arc::new(|_| {
        loop {
            std::thread::park();
        }
    }));
    bench.push(12);
    let lost = bench.exporter.shutdown(Duration::from_secs(4));
    assert!(lost.is_empty(), "{lost}");
    assert_eq!(bench.collector.spans().len(), 12);
}
