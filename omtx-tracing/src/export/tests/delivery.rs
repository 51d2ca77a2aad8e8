use std::time::Duration;

use super::super::DropReason::{ExportFailed, Rejected, Unknown};
use super::super::testing::{Collector, Step, lane};
use super::super::{Exporter, ScopeId};
use super::{Bench, small};
use crate::Signal;
use crate::config::Batching;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_goes_at_once_and_the_rest_after_the_delay() {
    let bench = Bench::virtual_time(small(), []);
    bench.push(7);
    bench.until(|bench| bench.stats().exported == 5).await;
    assert_eq!(bench.stats().waiting_records, 2);
    bench.until_settled().await;
    assert_eq!(bench.stats().exported, 7);
    let times = bench.collector.times();
    assert_eq!(times.len(), 2);
    assert_eq!((times[1] - times[0]).as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_full_by_its_bytes_too() {
    let batching = Batching {
        max_batch_bytes: 100,
        ..Batching::default()
    };
    let bench = Bench::virtual_time(batching, []);
    // 34 bytes each: two fit.
    for _ in 0..4 {
        bench.push_span("thirty characters of a span's name"[..30].into());
    }
    bench.until_settled().await;
    assert_eq!(bench.collector.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_before_a_batch_is_does_not_wait_for_the_delay() {
    let batching = Batching {
        max_queue_bytes: 100,
        delay: secs(100_000),
        ..Batching::default()
    };
    let bench = Bench::virtual_time(batching, []);
    // 18 bytes each: five fit.
    bench.push(5);
    tokio::time::sleep(secs(10)).await;
    assert_eq!(bench.stats().waiting_records, 5);
    bench.push(1);
    bench.until_settled().await;
    assert_eq!(bench.stats().exported, 5);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_sent_again_until_it_is_taken() {
    let bench = Bench::virtual_time(
        small(),
        [Step::Retry(None), Step::Unknown, Step::Retry(None)],
    );
    bench.push(5);
    bench.until_settled().await;
    let stats = bench.stats();
    assert_eq!((stats.exported, stats.dropped.total()), (5, 0));
    let attempts = stats.attempts;
    assert_eq!(
        (attempts.accepted, attempts.retryable, attempts.unknown),
        (1, 2, 1)
    );
    assert!(stats.last_success.is_some());
    assert_eq!(
        stats.last_error.expect("three times").text(),
        "as the script says"
    );
}

#[tokio::test(start_paused = true)]
async fn waits_between_attempts_grow() {
    let bench = Bench::virtual_time(small(), vec![Step::Retry(None); 4]);
    bench.push(5);
    bench.until_settled().await;
    let times = bench.collector.times();
    let waits: Vec<_> = times
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect();
    for (wait, expected) in waits.iter().zip([1.0, 1.5, 2.25, 3.375]) {
        assert!((wait / expected - 1.0).abs() < 0.21, "{waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_is_away_costs_a_batch_when_its_time_is_over() {
    let bench = Bench::virtual_time(small(), []);
    bench.collector.always(Step::Retry(None));
    bench.push(5);
    bench.until_settled().await;
    let times = bench.collector.times();
    let lasted = times[times.len() - 1] - times[0];
    assert!(lasted > secs(20) && lasted < secs(30), "{lasted:?}");
    assert_eq!(bench.stats().dropped.of(ExportFailed), 5);
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_comes_back_gets_what_waits_without_a_restart() {
    let bench = Bench::virtual_time(small(), []);
    bench.collector.always(Step::Retry(None));
    for _ in 0..30 {
        bench.push(5);
        tokio::time::sleep(secs(10)).await;
    }
    let while_away = bench.stats();
    assert_eq!(while_away.exported, 0);
    assert!(while_away.dropped.total() > 0);
    bench.collector.always(Step::Accept);
    bench.until_settled().await;
    let stats = bench.stats();
    assert_eq!(stats.exported + stats.dropped.total(), 150);
    assert_eq!(bench.collector.spans().len() as u64, stats.exported);
    assert!(stats.exported >= 15, "{stats:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_lost_at_once_and_the_next_batch_is_sent() {
    let bench = Bench::virtual_time(small(), [Step::Refuse]);
    bench.push(10);
    bench.until_settled().await;
    let stats = bench.stats();
    assert_eq!((stats.exported, stats.dropped.of(ExportFailed)), (5, 5));
    assert_eq!(stats.attempts.refused, 1);
    assert_eq!(bench.collector.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_partial_success_rejects_is_counted_apart() {
    let bench = Bench::virtual_time(small(), [Step::Reject(2), Step::Reject(999)]);
    bench.push(10);
    bench.until_settled().await;
    let stats = bench.stats();
    assert_eq!((stats.exported, stats.dropped.of(Rejected)), (3, 7));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_may_have_arrived_once_is_unknown_whatever_is_said_of_it_later() {
    for later in [Step::Refuse, Step::Retry(Some(secs(3600)))] {
        let bench = Bench::virtual_time(small(), [Step::Unknown, later]);
        bench.push(5);
        bench.until_settled().await;
        let dropped = bench.stats().dropped;
        assert_eq!((dropped.of(Unknown), dropped.total()), (5, 5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_may_have_arrived_is_exported_if_it_is_taken_later() {
    let bench = Bench::virtual_time(small(), [Step::Unknown]);
    bench.push(5);
    bench.until_settled().await;
    assert_eq!(bench.stats().exported, 5);
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_never_answers_costs_its_own_batches_only() {
    for hang in [Step::Hang, Step::HangForEver] {
        let bench = Bench::virtual_time(small(), []);
        bench.collector.always(hang);
        bench.push(5);
        bench.until_settled().await;
        let stats = bench.stats();
        assert_eq!((stats.dropped.of(Unknown), stats.attempts.unknown), (5, 3));
        bench.collector.always(Step::Accept);
        bench.push(5);
        bench.until_settled().await;
        assert_eq!(bench.stats().exported, 5);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_has_its_own_timeout_within_the_time_of_the_batch() {
    let bench = Bench::virtual_time(small(), [Step::HangForEver, Step::HangForEver]);
    bench.push(5);
    bench.until_settled().await;
    let times = bench.collector.times();
    let first = times[1] - times[0];
    assert!(first > secs(10) && first < secs(12), "{first:?}");
    assert_eq!(bench.stats().exported, 5);
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_asks_for_time_gets_exactly_that() {
    let bench = Bench::virtual_time(small(), [Step::Retry(Some(secs(17)))]);
    bench.push(5);
    bench.until_settled().await;
    let times = bench.collector.times();
    assert_eq!((times[1] - times[0]).as_secs(), 17);
    assert_eq!(bench.stats().exported, 5);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_longer_than_the_time_of_a_batch_costs_the_batch_and_is_kept_up_to_that_time()
 {
    let bench = Bench::virtual_time(small(), [Step::Retry(Some(secs(3600)))]);
    bench.push(10);
    bench.until_settled().await;
    let stats = bench.stats();
    assert_eq!((stats.exported, stats.dropped.of(ExportFailed)), (5, 5));
    let times = bench.collector.times();
    assert_eq!((times[1] - times[0]).as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_transport_costs_one_batch() {
    let bench = Bench::virtual_time(small(), [Step::Panic, Step::Panic, Step::Panic]);
    bench.push(5);
    bench.until_settled().await;
    let stats = bench.stats();
    assert_eq!((stats.exported, stats.attempts.unknown), (5, 3));
    let error = stats.last_error.expect("three");
    assert_eq!(error.text(), "the transport panicked: as the script says");

    bench.collector.always(Step::Panic);
    bench.push(5);
    bench.until_settled().await;
    assert_eq!(bench.stats().dropped.of(Unknown), 5);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_lane_is_counted_and_the_lane_goes_on() {
    let bench = Bench::virtual_time(small(), []);
    bench.pipeline().queue.corrupt();
    bench.push(5);
    bench.until_settled().await;
    assert_eq!(bench.stats().dropped.of(ExportFailed), 5);
    bench.push(5);
    bench.until_settled().await;
    assert_eq!(bench.stats().exported, 5);
}

#[tokio::test(start_paused = true)]
async fn no_signal_waits_for_another() {
    let stuck = Collector::default();
    stuck.always(Step::HangForEver);
    let well = Collector::default();
    let lanes = vec![
        lane(Signal::Traces, small(), &stuck),
        lane(Signal::Logs, small(), &well),
    ];
    let (exporter, driver) = Exporter::prepare(lanes, None);
    tokio::spawn(driver);
    let push = |signal| {
        let pipeline = exporter.pipeline(signal).expect("it is there");
        for _ in 0..5 {
            pipeline.created(1);
            pipeline.push(ScopeId(0), b"", 1);
        }
    };
    push(Signal::Traces);
    while stuck.attempts() == 0 {
        tokio::task::yield_now().await;
    }
    for round in 1..=100 {
        push(Signal::Logs);
        while well.requests().len() < round {
            tokio::task::yield_now().await;
        }
    }
    let stats = exporter.stats();
    assert_eq!(stats.logs.expect("it is there").created, 500);
    assert_eq!(stats.traces.expect("it is there").in_flight_records, 5);
    assert_eq!(stuck.attempts(), 1);
    for signal in [Signal::Traces, Signal::Logs] {
        let pipeline = exporter.pipeline(signal).expect("it is there");
        pipeline.queue.close_now();
    }
}
