//! What the hub logs, in a process of its own: the subscriber is a global.

#[allow(dead_code)] // this test needs a part of it
#[path = "it/harness.rs"]
mod harness;

use harness::{Receiver, TWO, TestHub};
use http::StatusCode;
use omtx_examples::hub::logging;
use omtx_logging::Levels;
use omtx_logging::testing::Lines;
use serde_json::Value;

/// Submits a job that calls back at `path`, and gives the ids of the request and the job.
async fn submit(hub: &TestHub, receiver: &Receiver, query: &str, path: &str) -> (String, String) {
    let url = receiver.url(path);
    let path = format!("/api/v1/jobs?job_type=gc&{query}callback_url={url}");
    let answer = hub.client.post(&path, TWO).await.unwrap();
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let request_id = answer.headers["x-request-id"].to_str().unwrap();
    (request_id.to_owned(), answer.text("job_id"))
}

#[tokio::test]
async fn the_lines_of_a_request_its_job_and_its_webhook_are_joined_by_their_ids() {
    let log = Lines::default();
    let levels: Levels = "info,omtx_logging=debug".parse().unwrap();
    logging::settings()
        .levels(levels)
        .sink(log.clone())
        .install()
        .unwrap();

    let mut hub = TestHub::start().await;
    let mut receiver = Receiver::start().await;
    let login = r#"{"user":"demo","password":"demo"}"#;
    let session = hub.client.post("/api/v1/login", login).await.unwrap();
    hub.client = hub.client.clone().with_token(session.text("token"));
    let good = submit(&hub, &receiver, "", "ok").await;
    receiver.next().await;
    let broken = submit(&hub, &receiver, "fault=panic&", "404").await;
    receiver.next().await;
    hub.stop().await;

    let lines: Vec<Value> = log
        .take()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |request_id: &str| -> Vec<&Value> {
        let lines = lines.iter();
        lines.filter(|l| l["request_id"] == request_id).collect()
    };
    for ((request_id, job_id), expected) in [
        (
            good,
            vec![
                "job submitted",
                "job started",
                "job completed",
                "webhook delivered",
            ],
        ),
        (
            broken,
            vec![
                "job submitted",
                "job started",
                "job panicked",
                "webhook attempt failed",
            ],
        ),
    ] {
        let lines = of(&request_id);
        let (request, job): (Vec<&Value>, _) = lines
            .into_iter()
            .partition(|l| l["logger"] == "omtx_logging::http");
        assert_eq!(request.len(), 1, "{request:?}");
        assert_eq!(request[0]["user_id"], "demo");
        let mut messages: Vec<_> = job.iter().map(|l| l["message"].as_str().unwrap()).collect();
        messages[3..].sort_unstable(); // the worker and the webhook do not wait for one another
        assert_eq!(messages, expected);
        for line in job {
            assert_eq!(line["job_id"], job_id, "{line}");
            assert_eq!(line["job_type"], "gc", "{line}");
            assert_eq!(line["user_id"], "demo", "{line}");
        }
    }
    let request_id = session.headers["x-request-id"].to_str().unwrap();
    let login = of(request_id);
    let messages: Vec<_> = login.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["logged in", "request completed"]);
    assert!(login.iter().all(|line| line["user_id"] == "demo"));
}
