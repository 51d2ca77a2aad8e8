//! Requests that cannot be served: each gets a problem body, and the service goes on.

use std::time::Duration;

use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{TWO, TestHub};

#[track_caller]
fn is_problem(answer: &omtx_examples::hub::client::Answer, status: u16, kind: &str) {
    assert_eq!(answer.status.as_u16(), status, "{:?}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["type"], format!("/problems/{kind}"));
    assert_eq!(problem["status"], status);
    assert!(!problem["title"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn what_a_job_cannot_be_made_of_is_refused() {
    let hub = TestHub::start().await;
    let two_long = format!(">a\n{0}\n>b\n{0}\n", "ACGT".repeat(1100));
    for (query, body, status, kind) in [
        ("job_type=gc", "hello", 400, "invalid-fasta"),
        ("job_type=gc", "", 400, "invalid-fasta"),
        ("job_type=gc", ">a\nAC!T\n", 400, "invalid-fasta"),
        ("job_type=fold", TWO, 400, "invalid-request"),
        ("", TWO, 400, "invalid-request"),
        ("job_type=kmer&k=0", TWO, 400, "invalid-request"),
        ("job_type=kmer&k=32", TWO, 400, "invalid-request"),
        ("job_type=kmer&k=many", TWO, 400, "invalid-request"),
        ("job_type=kmer&kk=3", TWO, 400, "invalid-request"),
        ("job_type=align&matching=0", TWO, 400, "invalid-request"),
        ("job_type=align&gap_open=-1", TWO, 400, "invalid-request"),
        ("job_type=align", ">a\nACGT\n", 400, "invalid-request"),
        ("job_type=align", &two_long, 422, "too-much-work"),
        (
            "job_type=gc&callback_url=http://169.254.169.254/latest",
            TWO,
            400,
            "invalid-request",
        ),
        (
            "job_type=gc&callback_url=file:///etc/passwd",
            TWO,
            400,
            "invalid-request",
        ),
    ] {
        let answer = hub
            .client
            .post(&format!("/api/v1/jobs?{query}"), body.to_owned())
            .await
            .unwrap();
        is_problem(&answer, status, kind);
    }
    assert_eq!(hub.app.queue.depth(), 0);
}

#[tokio::test]
async fn a_problem_says_what_was_expected() {
    let hub = TestHub::start().await;
    let answer = hub
        .client
        .post("/api/v1/jobs?job_type=gc", ">a\nAC!T\n")
        .await
        .unwrap();
    let expected = r#"{"type":"/problems/invalid-fasta","title":"Invalid FASTA","status":400,"detail":"sequence \"a\" has \"!\" at position 3; expected an IUPAC nucleotide code"}"#;
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large() {
    let hub = TestHub::with(|config| config.body_limit = 20).await;
    is_problem(
        &hub.client
            .post("/api/v1/jobs?job_type=gc", TWO)
            .await
            .unwrap(),
        413,
        "body-too-large",
    );
}

#[tokio::test]
async fn one_upload_too_many_is_told_to_come_back() {
    let hub = TestHub::with(|config| config.uploads = 1).await;
    let place = hub.app.uploads.acquire().await.unwrap();
    let answer = hub
        .client
        .post("/api/v1/jobs?job_type=gc", TWO)
        .await
        .unwrap();
    is_problem(&answer, 503, "busy");
    assert_eq!(answer.headers["retry-after"], "1");
    drop(place);
    let answer = hub
        .client
        .post("/api/v1/jobs?job_type=gc", TWO)
        .await
        .unwrap();
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

/// A body that does not come to its end in time.
async fn too_slow(path: &str) {
    let hub = TestHub::with(|config| config.upload_timeout = Duration::from_millis(1)).await;
    let mut connection = TcpStream::connect(hub.address).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: hub\r\ncontent-length: 9\r\n\r\n>half");
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = connection.read_to_string(&mut answer).await; // the connection is of no more use, and is closed
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("/problems/body-too-slow"), "{answer}");
    assert_eq!(hub.app.uploads.available_permits(), hub.app.config.uploads);
}

#[tokio::test]
async fn a_body_that_never_comes_does_not_keep_its_place() {
    too_slow("/api/v1/jobs?job_type=gc").await;
}

#[tokio::test]
async fn a_login_that_never_comes_does_not_keep_its_place() {
    too_slow("/api/v1/login").await;
}

#[tokio::test]
async fn a_login_is_small() {
    let hub = TestHub::start().await;
    let login = format!(r#"{{"user":"demo","password":"{}"}}"#, "x".repeat(5_000));
    let answer = hub.client.post("/api/v1/login", login).await.unwrap();
    is_problem(&answer, 413, "body-too-large");
    assert_eq!(answer.text("detail"), "expected at most 4096 bytes");
}

#[tokio::test]
async fn faults_must_be_allowed() {
    let hub = TestHub::with(|config| config.faults = false).await;
    let answer = hub
        .client
        .post("/api/v1/jobs?job_type=gc&fault=panic", TWO)
        .await
        .unwrap();
    is_problem(&answer, 400, "invalid-request");
}

#[tokio::test]
async fn unknown_paths_jobs_and_methods_are_problems_too() {
    let hub = TestHub::start().await;
    is_problem(
        &hub.client.get("/wp-login.php").await.unwrap(),
        404,
        "no-such-path",
    );
    is_problem(
        &hub.client.get("/api/v1/jobs/none").await.unwrap(),
        404,
        "no-such-job",
    );
    let put = hub
        .client
        .request(Method::PUT, "/api/v1/login", "")
        .await
        .unwrap();
    is_problem(&put, 405, "method-not-allowed");
    assert_eq!(put.headers["allow"], "POST");
    let post = hub.client.post("/metrics", "").await.unwrap();
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(post.headers["allow"].to_str().unwrap().contains("GET"));
    let delete = hub
        .client
        .request(Method::DELETE, "/api/v1/jobs/none", "")
        .await
        .unwrap();
    is_problem(&delete, 404, "no-such-job");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_the_middle_of_a_body_makes_no_job() {
    let hub = TestHub::start().await;
    hub.client.hang_up().await.unwrap();
    assert_eq!(
        hub.client.get("/live").await.unwrap().status,
        StatusCode::OK
    );
    assert_eq!(
        hub.metric("omtx_hub_jobs_submitted_total", &[("job_type", "gc")]),
        0.0
    );
}
