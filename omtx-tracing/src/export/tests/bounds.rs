use opentelemetry::InstrumentationScope;

use super::super::DropReason::{Bytes, QueueFull};
use super::super::scopes::{MAX_BYTES, MAX_SCOPES};
use super::super::testing::Step;
use super::super::{DropReason, ScopeId};
use super::{Bench, LONG, small};
use crate::config::Batching;

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_what_comes_and_keeps_what_waits() {
    let bench = Bench::virtual_time(small(), []);
    bench.collector.always(Step::HangForEver);
    for n in 0..25 {
        bench.push_span(&n.to_string());
    }
    let stats = bench.stats();
    assert_eq!(
        (stats.waiting_records, stats.dropped.of(QueueFull)),
        (20, 5)
    );
    bench.collector.always(Step::Accept);
    bench.until_settled().await;
    let names: Vec<_> = bench
        .collector
        .spans()
        .into_iter()
        .map(|span| span.name)
        .collect();
    let expected: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(names, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_takes_its_room_in_the_queue() {
    let bench = Bench::virtual_time(small(), [Step::HangForEver]);
    bench.push(5);
    bench
        .until(|bench| bench.stats().in_flight_records == 5)
        .await;
    bench.push(20);
    let stats = bench.stats();
    assert_eq!((stats.in_flight_records, stats.waiting_records), (5, 15));
    assert_eq!(stats.dropped.of(QueueFull), 5);
}

#[tokio::test(start_paused = true)]
async fn bytes_have_a_bound_of_their_own() {
    let batching = Batching {
        max_queue_bytes: 10_000,
        ..Batching::default()
    };
    let bench = Bench::virtual_time(batching, []);
    let name = "x".repeat(985);
    // 985 bytes, 3 in front of them, and 12 for the queue.
    for _ in 0..12 {
        bench.push_span(&name);
    }
    let stats = bench.stats();
    assert_eq!((stats.waiting_bytes, stats.waiting_records), (10_000, 10));
    assert_eq!((stats.dropped.of(Bytes), stats.dropped.total()), (2, 2));
}

#[test]
fn a_record_that_no_request_can_hold_is_dropped_alone() {
    let batching = Batching {
        max_batch_bytes: 1000,
        ..Batching::default()
    };
    let bench = Bench::real_time(batching, []);
    bench.push_span("short");
    bench.push_span(&"x".repeat(1000));
    bench.push_span("short");
    let mut longest = 0;
    for len in 900..1000 {
        bench.push_span(&"x".repeat(len));
        if bench.stats().dropped.total() == 1 {
            longest = len;
        }
    }
    assert!((950..999).contains(&longest), "{longest}");
    assert!(bench.exporter.flush(LONG).is_complete());
    let stats = bench.stats();
    assert_eq!(stats.dropped.of(Bytes), 1 + 999 - longest as u64);
    let longest = bench
        .collector
        .requests()
        .iter()
        .map(|request| request.len())
        .max();
    assert!(
        longest.is_some_and(|len| (990..=1000).contains(&len)),
        "{longest:?}"
    );
}

#[test]
fn records_that_were_given_up_are_counted_as_well() {
    let bench = Bench::real_time(small(), []);
    bench.pipeline().created(3);
    assert_eq!(bench.pipeline().stats().open(), 3);
    bench.pipeline().dropped(DropReason::Shutdown, 2);
    assert_eq!(bench.pipeline().stats().open(), 1);
    assert_eq!(bench.pipeline().stats().dropped.total(), 2);
}

#[test]
fn a_scope_has_one_id_and_too_many_scopes_share_one() {
    let bench = Bench::real_time(small(), []);
    let id = |name: String| {
        let scope = InstrumentationScope::builder(name)
            .with_version("1")
            .build();
        bench.pipeline().scope(&scope)
    };
    let first = id("first".into());
    assert_eq!(id("first".into()), first);
    assert_ne!(id("second".into()), first);
    let huge = "x".repeat(1 << 20);
    assert_eq!(id(huge), ScopeId(0));
    let many = MAX_SCOPES + 10;
    let ids: std::collections::HashSet<_> = (0..many).map(|n| id(n.to_string())).collect();
    // The nameless one is among them, the first two are not.
    assert_eq!(ids.len(), MAX_SCOPES - 2);
    assert!(ids.contains(&ScopeId(0)));
    assert_eq!(id("first".into()), first);
}

#[test]
fn scopes_that_are_long_together_share_one() {
    let bench = Bench::real_time(Batching::default(), []);
    let id = |n: usize| {
        let name = format!("{n} {}", "x".repeat(64 << 10));
        let scope = InstrumentationScope::builder(name).build();
        bench.pipeline().scope(&scope)
    };
    let told_apart = (0..20).filter(|n| id(*n) != ScopeId(0)).count();
    assert_eq!(told_apart, MAX_BYTES / (64 << 10) - 1);
    assert_ne!(id(0), ScopeId(0));
}

#[test]
fn the_id_of_a_scope_that_is_not_there_is_that_of_none() {
    let bench = Bench::real_time(small(), []);
    bench.pipeline().created(1);
    bench
        .pipeline()
        .push(ScopeId(77), &super::span("orphan"), 1);
    assert!(bench.exporter.flush(LONG).is_complete());
    assert_eq!(bench.collector.spans()[0].name, "orphan");
}
