//! Far more spans than a collector takes, for as long as it lasts: the hub answers as ever, holds no more memory than it says, and
//! counts what it loses.
//!
//! What was measured is printed: `cargo test -p omtx-examples --test it overload -- --nocapture`.

use std::collections::HashSet;
use std::fs;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use http::StatusCode;
use omtx_tracing::{Batching, Signal};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::otlp::exporting;
use crate::process::{HubProcess, PATIENCE, eventually};
use crate::receiver::Receiver;
use crate::spans::Spans;

/// Spans of one request to the collector, which answers it after a second: so many fit into one.
const BATCH: usize = 10;

/// How many times that come, at least, and for how long.
const TIMES: f64 = 10.0;
const LASTS: Duration = Duration::from_secs(4);

/// Connections that ask, each as soon as it has its answer.
const CLIENTS: usize = 4;

/// What is recorded of a request: its path, its query and its client's name, each as long as a span keeps it.
const SPAN: usize = 3 * LONGEST;
const LONGEST: usize = 2 << 10;

/// Spans that come while the collector does not take them: half as many bytes again as the [stated bound](Batching::memory_bound),
/// so that a queue without an end would be seen.
fn too_many() -> f64 {
    let bound = Batching::new(Signal::Traces).memory_bound();
    (bound * 3 / 2 / SPAN) as f64
}

/// What the hub may hold beside the bound: the connection to the collector, which the bound leaves out.
const ALLOWANCE: usize = 1 << 20;

/// A hub whose queue of spans is bounded by its bytes, and by nothing before that.
fn hub(endpoint: &str, protocol: &str) -> HubProcess {
    exporting(
        endpoint,
        &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "1000000"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", &BATCH.to_string()),
            ("LOG_LEVEL", "warning"),
        ],
    )
}

/// What the kernel says of the hub's memory, in bytes: `VmRSS`, or `VmHWM`, the most that it ever was.
fn memory(hub: &HubProcess, what: &str) -> usize {
    let status = fs::read_to_string(hub.proc().join("status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    let kib = line.split_whitespace().nth(1).unwrap();
    kib.parse::<usize>().unwrap() * 1024
}

/// Asks while `going_on` says so, and gives how long each answer took, the shortest first. Each request is answered.
async fn drive(hub: &HubProcess, mut going_on: impl AsyncFnMut() -> bool) -> Vec<Duration> {
    static AGENT: LazyLock<String> = LazyLock::new(|| "x".repeat(LONGEST));
    let path = format!("/api/v1/jobs/{}?note={}", *AGENT, *AGENT);
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (client, path, over) = (hub.client.clone(), path.clone(), Arc::clone(&over));
        let client = client.with_agent(AGENT.as_str());
        clients.spawn(async move {
            let mut took = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let answer = client.get(&path).await.unwrap();
                assert_eq!(answer.status, StatusCode::NOT_FOUND);
                took.push(begun.elapsed());
            }
            took
        });
    }
    while going_on().await {
        sleep(Duration::from_millis(20)).await;
    }
    over.store(true, Ordering::Relaxed);
    let mut took = clients.join_all().await.concat();
    took.sort_unstable();
    took
}

/// What one time of asking came to.
struct Figures {
    what: &'static str,
    lasted: Duration,
    took: Vec<Duration>,
    before: Spans,
    after: Spans,
}

impl Figures {
    /// Asks until `enough` is true of the spans, and looks all the while whether they are within their bounds.
    async fn of(
        what: &'static str,
        hub: &HubProcess,
        enough: impl Fn(Duration, Spans) -> bool,
    ) -> Self {
        let (begun, before) = (Instant::now(), Spans::of(hub).await);
        let mut after = before;
        let took = drive(hub, async || {
            after = Spans::of(hub).await;
            after.within_bounds();
            assert!(begun.elapsed() < PATIENCE, "{what}: {before:?}, {after:?}");
            !enough(begun.elapsed(), after)
        })
        .await;
        Self {
            what,
            lasted: begun.elapsed(),
            took,
            before,
            after,
        }
    }

    fn created(&self) -> f64 {
        self.after.created - self.before.created
    }

    fn exported(&self) -> f64 {
        self.after.exported - self.before.exported
    }

    fn percentile(&self, percent: usize) -> Duration {
        self.took[(self.took.len() - 1) * percent / 100]
    }

    /// Fails if the queue was not full of spans as long as they were meant to be.
    #[track_caller]
    fn was_one(&self) {
        let Spans { bytes, waiting, .. } = self.after;
        assert!(bytes > waiting * SPAN as f64, "{:?}", self.after);
        assert!(self.after.dropped_for("bytes") > 0.0, "{:?}", self.after);
    }

    fn print(&self) {
        let a_second = |spans: f64| spans / self.lasted.as_secs_f64();
        eprintln!(
            "{:<24} {:6.0} spans/s begun, {:5.0} exported; {:6} requests, p50 {:?}, p99 {:?}, longest {:?}",
            self.what,
            a_second(self.created()),
            a_second(self.exported()),
            self.took.len(),
            self.percentile(50),
            self.percentile(99),
            self.percentile(100),
        );
    }
}

/// Fails if the hub holds, or ever held, more than `base` and the bound that its manual states.
#[track_caller]
fn within_its_memory(hub: &HubProcess, base: usize) {
    let bound = Batching::new(Signal::Traces).memory_bound();
    let peak = memory(hub, "VmHWM");
    let mib = |bytes: usize| bytes as f64 / (1 << 20) as f64;
    eprintln!(
        "{:<24} {:.1} MiB, of which {:.1} were there before; the bound is {:.1} and {:.1} beside it",
        "most memory",
        mib(peak),
        mib(base),
        mib(bound),
        mib(ALLOWANCE)
    );
    assert!(
        peak <= base + bound + ALLOWANCE,
        "{base} before, {peak} at most"
    );
}

/// A collector that takes a tenth of what comes, and less.
async fn slow(receiver: &Receiver, endpoint: &str, protocol: &str) {
    let held_before = distinct(receiver);
    let hub = hub(endpoint, protocol);
    eprintln!("\nover {protocol}:");
    let accepting = Figures::of("takes all of it", &hub, |_, spans| spans.exported >= 300.0).await;
    accepting.print();
    eventually("the queue is empty", async || {
        Spans::of(&hub).await.waiting == 0.0
    })
    .await;
    let base = memory(&hub, "VmRSS");

    receiver.tell("slow 1");
    let begun = Spans::of(&hub).await;
    let overloaded = Figures::of("takes less than a tenth", &hub, |lasted, spans| {
        let comes = spans.created - begun.created;
        let fits = (spans.exported - begun.exported).max(BATCH as f64 * lasted.as_secs_f64());
        lasted >= LASTS && comes >= TIMES * fits && comes >= too_many()
    })
    .await;
    overloaded.print();
    overloaded.was_one();
    assert!(overloaded.exported() > 0.0, "it takes some");
    within_its_memory(&hub, base);

    // It takes what waits, and all that was created is accounted for.
    receiver.tell("accept");
    eventually("everything is settled", async || {
        Spans::of(&hub).await.waiting == 0.0
    })
    .await;
    let spans = Spans::of(&hub).await;
    eprintln!("{spans:?}");
    spans.add_up();
    assert_eq!(
        spans.dropped_for("bytes"),
        spans.dropped(),
        "for no other reason: {spans:?}"
    );
    eventually("the collector holds what it has taken", async || {
        spans.exported == distinct(receiver) - held_before
    })
    .await;
    within_its_memory(&hub, base);
    let end = hub.end().await;
    assert!(end.status.success(), "{}", end.log);
    assert_eq!(end.log, "");
}

fn distinct(receiver: &Receiver) -> f64 {
    let spans = receiver.spans();
    let ids: HashSet<&str> = spans
        .iter()
        .filter_map(|span| span["span_id"].as_str())
        .collect();
    ids.len() as f64
}

#[tokio::test]
async fn ten_times_the_spans_that_fit_cost_spans_and_neither_requests_nor_memory() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    slow(&receiver, &receiver.grpc_endpoint(), "grpc").await;
    slow(&receiver, &receiver.http_endpoint(), "http/protobuf").await;
}

/// Connections are made, since the system makes them, and nothing ever comes back.
#[tokio::test]
async fn nobody_waits_for_a_collector_that_never_answers() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    for protocol in ["grpc", "http/protobuf"] {
        let hub = hub(&endpoint, protocol);
        eprintln!("\nover {protocol}:");
        let begins = Figures::of("begins", &hub, |_, spans| spans.created >= 30.0).await;
        begins.print();
        let base = memory(&hub, "VmRSS");
        let silent = Figures::of("never answers", &hub, |lasted, spans| {
            lasted >= LASTS && spans.created >= too_many()
        })
        .await;
        silent.print();
        silent.was_one();
        within_its_memory(&hub, base);
        eventually("no request is under way", async || {
            let spans = Spans::of(&hub).await;
            spans.created == spans.ended()
        })
        .await;
        let spans = Spans::of(&hub).await;
        eprintln!("{spans:?}");
        spans.add_up();
        assert_eq!(spans.exported, 0.0);
        let end = hub.end().await;
        assert!(end.status.success(), "{}", end.log);
        assert!(
            end.log.contains("not everything was exported"),
            "{}",
            end.log
        );
    }
}
