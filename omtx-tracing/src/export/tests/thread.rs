use std::sync::Arc;
use std::time::Duration;

use super::super::on_exporter_thread;
use super::super::testing::{Step, traces};
use super::{Bench, LONG, ScopeId, small};
use crate::Signal;
use crate::config::Batching;

#[test]
fn what_was_pushed_before_a_flush_has_arrived_after_it() {
    let (exporter, collector) = traces();
    let pipeline = exporter.pipeline(Signal::Traces).expect("it is there");
    for round in 1..50 {
        pipeline.created(1);
        pipeline.push(ScopeId(0), &super::span("name"), 1);
        assert!(exporter.flush(LONG).is_complete());
        assert_eq!(collector.spans().len(), round);
    }
}

#[test]
fn a_runtime_with_one_thread_may_block_on_a_flush() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let bench = Bench::real_time(small(), [Step::Slow(Duration::from_millis(20))]);
        bench.push(3);
        assert!(bench.exporter.flush(LONG).is_complete());
        assert!(bench.exporter.shutdown(LONG).is_empty());
        assert_eq!(bench.collector.spans().len(), 3);
    });
}

#[test]
fn only_the_exporter_is_on_the_exporters_thread() {
    let bench = Bench::real_time(small(), []);
    let (tell, told) = std::sync::mpsc::channel();
    bench.exporter.spawn(async move {
        let _ = tell.send(on_exporter_thread());
    });
    assert_eq!(told.recv_timeout(LONG), Ok(true));
    assert!(!on_exporter_thread());
}

#[test]
fn a_shutdown_on_the_exporters_own_thread_does_not_wait_for_itself() {
    for (step, sent) in [
        (Step::Accept, 3),
        (Step::HangForEver, 0),
        (Step::Retry(None), 0),
    ] {
        let bench = Bench::real_time(small(), []);
        bench.collector.always(step);
        bench.push(3);
        let Bench {
            exporter,
            collector,
            ..
        } = bench;
        let pipeline = exporter
            .pipeline(Signal::Traces)
            .expect("it is there")
            .clone();
        let exporter = Arc::new(exporter);
        let last = Arc::clone(&exporter);
        exporter.spawn(async move {
            assert!(!last.flush(LONG).is_complete());
            assert!(last.shutdown(Duration::from_millis(100)).is_empty());
        });
        let begun = std::time::Instant::now();
        while pipeline.stats().exported + pipeline.stats().dropped.total() < 3 {
            assert!(begun.elapsed() < LONG, "{:?}", pipeline.stats());
            std::thread::yield_now();
        }
        assert!(!pipeline.is_open());
        assert_eq!(collector.spans().len(), sent);
    }
}

#[test]
fn waits_without_end_are_waited_for_without_end() {
    let forever = Batching {
        delay: Duration::MAX,
        export_timeout: Duration::MAX,
        ..small()
    };
    let bench = Bench::real_time(forever, [Step::Retry(Some(Duration::from_millis(1)))]);
    bench.push(7);
    assert!(bench.exporter.flush(Duration::MAX).is_complete());
    assert_eq!(bench.collector.spans().len(), 7);
    assert!(bench.exporter.shutdown(Duration::MAX).is_empty());
}

#[test]
fn a_hundred_threads_lose_nothing() {
    let bench = Bench::real_time(
        Batching {
            max_queue_records: 100_000,
            ..small()
        },
        [],
    );
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| bench.push(100));
        }
    });
    assert!(bench.exporter.shutdown(LONG).is_empty());
    assert_eq!(bench.stats().exported, 10_000);
    assert_eq!(bench.collector.spans().len(), 10_000);
}
