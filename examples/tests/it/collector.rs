//! A collector that refuses, hangs, is overloaded, breaks off or talks nonsense: the hub serves on, and counts what it loses.

use std::collections::HashSet;
use std::fs;

use http::StatusCode;
use serde_json::Value;

use crate::otlp::exporting;
use crate::process::{HubProcess, eventually};
use crate::receiver::Receiver;
use crate::spans::Spans;

/// Spans that wait at most.
const QUEUE: f64 = 200.0;

/// No request is under way: every span is somewhere, and no more of them wait than may.
#[track_caller]
fn add_up(spans: Spans) {
    spans.add_up();
    assert!(spans.waiting <= QUEUE, "{spans:?}");
}

fn hub(endpoint: &str, protocol: &str) -> HubProcess {
    exporting(
        endpoint,
        &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
            ("OTEL_BSP_EXPORT_TIMEOUT", "1000"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "200"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "50"),
            ("LOG_LEVEL", "warning"),
        ],
    )
}

/// Requests, each of which is answered, whatever becomes of its span.
async fn requests(hub: &HubProcess, count: usize) {
    for _ in 0..count {
        let answer = hub.client.get("/api/v1/jobs/none").await.unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

/// What became of all spans, once none waits.
async fn settled(hub: &HubProcess) -> Spans {
    eventually("everything is settled", async || {
        Spans::of(hub).await.waiting == 0.0
    })
    .await;
    let spans = Spans::of(hub).await;
    add_up(spans);
    spans
}

/// The sockets that the hub has open.
fn sockets(hub: &HubProcess) -> usize {
    let descriptors = fs::read_dir(hub.proc().join("fd")).unwrap();
    descriptors
        .filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

fn distinct(receiver: &Receiver) -> f64 {
    let spans = receiver.spans();
    let ids: HashSet<&str> = spans
        .iter()
        .filter_map(|span| span["span_id"].as_str())
        .collect();
    ids.len() as f64
}

/// Five times as many spans as may wait while the collector does `this`, and more until `holds` is true of what became of them;
/// then it is told to do `then`. `holds` is asked again in the end.
async fn outage(this: &str, then: &str, holds: fn(Spans) -> bool) {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    for (endpoint, protocol) in [
        (receiver.grpc_endpoint(), "grpc"),
        (receiver.http_endpoint(), "http/protobuf"),
    ] {
        let held_before = distinct(&receiver);
        let hub = hub(&endpoint, protocol);
        requests(&hub, 10).await;
        eventually("the first spans are exported", async || {
            Spans::of(&hub).await.exported == 10.0
        })
        .await;

        let connected = sockets(&hub);
        receiver.tell(this);
        if this == "refuse" {
            // A batch that is handed to a connection just when that is reset is one of which nobody knows.
            eventually("the hub lets go of its connection", async || {
                sockets(&hub) < connected
            })
            .await;
        }
        for _ in 0..10 {
            requests(&hub, 100).await;
            add_up(Spans::of(&hub).await);
        }
        eventually("it costs what it has to", async || {
            requests(&hub, 1).await;
            holds(Spans::of(&hub).await)
        })
        .await;
        // It comes back, and so do the spans, without a restart.
        receiver.tell(then);
        let before = Spans::of(&hub).await.exported;
        eventually("the collector takes spans again", async || {
            requests(&hub, 1).await;
            Spans::of(&hub).await.exported > before
        })
        .await;
        let spans = settled(&hub).await;

        // What it says it has exported is there; what is there beyond that is what it knows not to know.
        let (held, case) = (distinct(&receiver) - held_before, (this, protocol));
        assert!(
            spans.exported <= held,
            "{case:?}: {held} are held of {spans:?}"
        );
        assert!(
            held <= spans.exported + spans.dropped_for("unknown"),
            "{case:?}: {held} are held of {spans:?}"
        );
        assert!(holds(spans), "{case:?}: {spans:?}");
        let end = hub.end().await;
        assert!(end.status.success(), "{case:?}: {}", end.log);
        assert_eq!(end.log, "", "{case:?}");
    }
}

#[tokio::test]
async fn a_collector_that_refuses_connections_costs_spans_and_nothing_else() {
    outage("refuse", "resume", |spans| {
        spans.dropped() > 0.0 && spans.dropped_for("unknown") == 0.0
    })
    .await;
}

#[tokio::test]
async fn what_a_collector_never_had_a_connection_for_is_not_unknown() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    for (endpoint, protocol) in [
        (receiver.grpc_endpoint(), "grpc"),
        (receiver.http_endpoint(), "http/protobuf"),
    ] {
        receiver.tell("refuse");
        let hub = hub(&endpoint, protocol);
        eventually("a batch is given up", async || {
            requests(&hub, 1).await;
            Spans::of(&hub).await.dropped_for("export_failed") > 0.0
        })
        .await;
        receiver.tell("resume");
        eventually("the collector takes spans", async || {
            requests(&hub, 1).await;
            Spans::of(&hub).await.exported > 0.0
        })
        .await;
        let spans = settled(&hub).await;
        assert_eq!(spans.dropped_for("unknown"), 0.0, "{protocol}: {spans:?}");
        assert!(hub.end().await.status.success());
    }
}

#[tokio::test]
async fn a_collector_that_hangs_costs_spans_and_nothing_else() {
    outage("hang", "accept", |spans| spans.dropped_for("unknown") > 0.0).await;
}

#[tokio::test]
async fn a_collector_that_is_exhausted_and_says_when_to_come_again_gets_spans_then() {
    outage("exhausted 0.1", "accept", |spans| {
        spans.dropped_for("unknown") == 0.0
    })
    .await;
}

#[tokio::test]
async fn a_collector_that_is_exhausted_for_good_costs_spans_and_nothing_else() {
    outage("exhausted", "accept", |spans| {
        spans.dropped() > 0.0 && spans.dropped_for("unknown") == 0.0
    })
    .await;
}

#[tokio::test]
async fn a_collector_that_breaks_off_costs_spans_and_nothing_else() {
    outage("close_midstream", "accept", |spans| {
        spans.dropped_for("unknown") > 0.0
    })
    .await;
}

#[tokio::test]
async fn a_collector_that_talks_nonsense_costs_spans_and_nothing_else() {
    outage("garbage", "accept", |spans| spans.dropped() > 0.0).await;
}

#[tokio::test]
async fn spans_that_were_taken_without_an_answer_are_unknown() {
    outage("swallow", "accept", |spans| {
        spans.dropped_for("unknown") > 0.0
    })
    .await;
}

#[tokio::test]
async fn what_a_collector_takes_in_part_is_exported_but_for_that_part() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let hub = hub(&receiver.grpc_endpoint(), "grpc");
    receiver.tell("partial 1 too old");
    requests(&hub, 100).await;
    let spans = settled(&hub).await;
    assert_eq!((spans.created, spans.dropped_for("unknown")), (100.0, 0.0));
    let requests: Vec<Value> = receiver.requests();
    assert_eq!(spans.dropped(), requests.len() as f64, "one of each batch");
    assert_eq!(spans.exported, distinct(&receiver));
    assert!(hub.end().await.status.success());
}

/// SIGTERM while spans wait that the collector does not take.
#[tokio::test]
async fn whatever_the_collector_does_the_hub_ends_and_says_what_was_lost() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    for (this, then) in [
        ("refuse", "resume"),
        ("hang", "accept"),
        ("swallow", "accept"),
        ("exhausted 100", "accept"),
        ("close_midstream", "accept"),
        ("garbage", "accept"),
    ] {
        let hub = hub(&receiver.grpc_endpoint(), "grpc");
        receiver.tell(this);
        requests(&hub, 100).await;
        let end = hub.end().await;
        assert!(end.status.success(), "{this}: {}", end.log);
        assert!(
            end.log.contains("not everything was exported"),
            "{this}: {}",
            end.log
        );
        receiver.tell(then);
    }
}
