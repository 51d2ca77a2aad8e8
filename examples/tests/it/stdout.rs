//! What becomes of a hub whose standard output takes no lines: it serves as ever, counts them, and says nothing.

use std::fs::OpenOptions;
use std::process::Stdio;

use http::StatusCode;
use tokio::task::JoinSet;

use crate::harness::TWO;
use crate::process::{HubProcess, eventually};

/// Requests that are sent, each of which has a line.
const REQUESTS: usize = 200;

const VARIABLES: [(&str, &str); 2] = [("OMTX_DRAIN_DELAY", "0"), ("HUB_QUEUE", "100000")];

/// Lines that were dropped for this reason, at whatever level.
async fn dropped(hub: &HubProcess, reason: &str) -> f64 {
    let scrape = hub.scrape().await;
    let Some(family) = scrape.family("omtx_log_lines_dropped_total") else {
        return 0.0;
    };
    let samples = family.samples.iter();
    let of_reason = samples.filter(|sample| sample.label("reason") == Some(reason));
    of_reason.map(|sample| sample.value).sum()
}

/// It ends well, and has said nothing since it said what to try.
async fn ends_well(hub: HubProcess) {
    let outcome = hub.end().await;
    assert!(outcome.status.success(), "{}", outcome.stderr);
    let said = outcome.stderr;
    assert!(said.ends_with("lists what can be set.\n"), "{said}");
    assert_eq!(said.matches("hub").count(), 1, "{said}");
}

#[tokio::test]
async fn lines_for_a_pipe_that_nobody_reads_any_more_are_counted_and_requests_answered() {
    let mut hub = HubProcess::start(&VARIABLES, Stdio::piped());
    drop(hub.stdout.take());
    requests_are_answered_and_their_lines_counted(hub, "closed").await;
}

#[tokio::test]
async fn lines_for_a_full_disk_are_counted_and_requests_answered() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let hub = HubProcess::start(&VARIABLES, full);
    requests_are_answered_and_their_lines_counted(hub, "disk_full").await;
}

async fn requests_are_answered_and_their_lines_counted(hub: HubProcess, reason: &str) {
    for _ in 0..REQUESTS {
        let answer = hub.client.get("/api/v1/jobs/unknown").await.unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    let counted = async || dropped(&hub, reason).await >= REQUESTS as f64;
    eventually("every line is counted", counted).await;
    ends_well(hub).await;
}

#[tokio::test]
async fn a_reader_that_stops_reading_costs_lines_and_no_request() {
    let levels = ("LOG_LEVEL", "info,omtx_logging=debug"); // four lines a job
    let [a, b] = VARIABLES;
    let hub = HubProcess::start(&[a, b, levels], Stdio::piped());
    let mut clients = JoinSet::new();
    for _ in 0..4 {
        let client = hub.client.clone();
        clients.spawn(async move {
            loop {
                let answer = client.post("/api/v1/jobs?job_type=gc", TWO).await.unwrap();
                assert_eq!(answer.status, StatusCode::ACCEPTED);
            }
        });
    }
    eventually("lines are dropped", async || {
        dropped(&hub, "queue_full").await >= 1_000.0
    })
    .await;
    clients.abort_all();
    while let Some(client) = clients.join_next().await {
        assert!(client.unwrap_err().is_cancelled(), "a request failed");
    }
    assert_eq!(
        hub.client.get("/ready").await.unwrap().status,
        StatusCode::OK
    );
    ends_well(hub).await;
}
