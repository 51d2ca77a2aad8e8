//! Jobs from submission to result.

use http::{Method, StatusCode};
use serde_json::json;

use omtx_health::Status;

use crate::harness::{Receiver, TWO, TestHub};

#[tokio::test]
async fn a_job_is_accepted_and_found_at_its_location() {
    let hub = TestHub::start().await;
    let answer = hub
        .client
        .post("/api/v1/jobs?job_type=gc", TWO)
        .await
        .unwrap();
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.text("state"), "queued");
    let location = answer.headers["location"].to_str().unwrap();
    assert_eq!(location, format!("/api/v1/jobs/{}", answer.text("job_id")));
    assert_eq!(
        hub.client.get(location).await.unwrap().text("job_id"),
        answer.text("job_id")
    );
}

#[tokio::test]
async fn each_job_type_computes_its_result() {
    let hub = TestHub::start().await;
    let kmer = hub.job("job_type=kmer&k=3", ">a\nAGAT\n").await;
    assert_eq!(kmer["state"], "completed");
    let expected = json!({
        "k": 3, "total": 2, "distinct": 2, "spectrum": {"1": 2},
        "top": [{"kmer": "AGA", "count": 1}, {"kmer": "ATC", "count": 1}],
    });
    assert_eq!(kmer["result"], expected);

    let gc = hub.job("job_type=gc&min_orf=6", ">a\nATGAAATAG\n").await;
    assert_eq!(gc["result"]["gc"], json!(2.0 / 9.0));
    let orf = json!({"sequence": "a", "frame": 1, "start": 1, "end": 9, "protein": "MK"});
    assert_eq!(gc["result"]["longest_orfs"][0], orf);

    let scoring = "matching=3&mismatch=3&gap_open=0&gap_extend=2";
    let align = hub
        .job(
            &format!("job_type=align&{scoring}"),
            ">a\nTGTTACGG\n>b\nGGTTGACTA\n",
        )
        .await;
    assert_eq!(
        (&align["result"][0]["score"], &align["result"][0]["cigar"]),
        (&json!(13), &json!("3=1I2="))
    );
}

#[tokio::test]
async fn a_job_that_cannot_succeed_fails_with_its_reason() {
    let hub = TestHub::start().await;
    let short = hub.job("job_type=kmer&k=31", ">a\nACGT\n").await;
    assert_eq!(
        (&short["state"], &short["reason"]),
        (&json!("failed"), &json!("too_short"))
    );
    assert_eq!(short.get("result"), None);
    let hub = TestHub::with(|config| config.job_timeout = std::time::Duration::ZERO).await;
    assert_eq!(hub.job("job_type=gc", TWO).await["reason"], "timeout");
}

#[tokio::test]
async fn a_job_that_panics_says_so_and_the_workers_go_on() {
    let hub = TestHub::with(|config| config.workers = 1).await;
    let broken = hub.job("job_type=gc&fault=panic", TWO).await;
    assert_eq!(
        (&broken["state"], &broken["reason"]),
        (&json!("panicked"), &json!("panic"))
    );
    assert_eq!(hub.job("job_type=gc", TWO).await["state"], "completed");
}

#[tokio::test]
async fn a_job_that_waits_is_cancelled_at_once() {
    let hub = TestHub::with(|config| config.workers = 0).await;
    let mut receiver = Receiver::start().await;
    let path = format!(
        "/api/v1/jobs/{}",
        hub.submit(&receiver, "job_type=gc", TWO).await
    );
    let answer = hub.client.request(Method::DELETE, &path, "").await.unwrap();
    assert_eq!(
        (answer.status, answer.text("state").as_str()),
        (StatusCode::OK, "cancelled")
    );
    assert_eq!(receiver.next().await["event"], "job.cancelled");
    let again = hub.client.request(Method::DELETE, &path, "").await.unwrap();
    assert_eq!(
        again.status,
        StatusCode::OK,
        "cancelling twice is the same as once"
    );
}

#[tokio::test]
async fn a_job_that_runs_is_cancelled_when_it_next_looks() {
    let hub = TestHub::start().await;
    let mut receiver = Receiver::start().await;
    let long = format!(">a\n{0}\n>b\n{0}\n>c\n{0}\n", "ACGTTGCA".repeat(500));
    let path = format!(
        "/api/v1/jobs/{}",
        hub.submit(&receiver, "job_type=align", &long).await
    );
    while hub.client.get(&path).await.unwrap().text("state") == "queued" {}
    let answer = hub.client.request(Method::DELETE, &path, "").await.unwrap();
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(receiver.next().await["event"], "job.cancelled");
}

#[tokio::test]
async fn a_job_that_is_over_cannot_be_cancelled() {
    let hub = TestHub::start().await;
    let id = hub.job("job_type=gc", TWO).await["job_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = hub
        .client
        .request(Method::DELETE, &format!("/api/v1/jobs/{id}"), "")
        .await
        .unwrap();
    assert_eq!(
        (answer.status, answer.text("type").as_str()),
        (StatusCode::CONFLICT, "/problems/job-is-over")
    );
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_when_to_come_back() {
    let hub = TestHub::with(|config| (config.workers, config.queue) = (0, 1)).await;
    let submit = async || {
        hub.client
            .post("/api/v1/jobs?job_type=gc", TWO)
            .await
            .unwrap()
    };
    assert_eq!(submit().await.status, StatusCode::ACCEPTED);
    let refused = submit().await;
    assert_eq!(
        (refused.status, refused.text("type").as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "/problems/busy")
    );
    assert_eq!(refused.headers["retry-after"], "1");
    let submitted = hub.metric("omtx_hub_jobs_submitted_total", &[("job_type", "gc")]);
    assert_eq!(submitted, 1.0, "what was refused is no job");
    hub.app.health.run_soon("queue");
    let mut reports = hub.app.health.subscribe();
    reports
        .wait_for(|report| report.status() == Status::Degraded && report.is_started())
        .await
        .unwrap();
}
