//! The end of the service.

use std::time::Duration;

use crate::harness::{Receiver, TWO, TestHub};

#[tokio::test]
async fn jobs_that_wait_end_as_cancelled_and_their_webhooks_are_delivered() {
    let hub = TestHub::with(|config| config.workers = 0).await;
    let mut receiver = Receiver::start().await;
    let id = hub.submit(&receiver, "job_type=gc", TWO).await;
    hub.stop().await;
    let event = receiver.next().await;
    assert_eq!(
        (event["event"].as_str(), event["job_id"].as_str()),
        (Some("job.cancelled"), Some(&*id))
    );
}

#[tokio::test]
async fn a_job_that_runs_past_the_deadline_is_cancelled() {
    let hub = TestHub::with(|config| config.shutdown_deadline = Duration::ZERO).await;
    let mut receiver = Receiver::start().await;
    let long = format!(">a\n{0}\n>b\n{0}\n>c\n{0}\n", "ACGTTGCA".repeat(500));
    let id = hub.submit(&receiver, "job_type=align", &long).await;
    while hub
        .client
        .get(&format!("/api/v1/jobs/{id}"))
        .await
        .unwrap()
        .text("state")
        == "queued"
    {}
    hub.stop().await;
    assert_eq!(receiver.next().await["event"], "job.cancelled");
}

#[tokio::test]
async fn a_stopped_hub_takes_no_connection() {
    let hub = TestHub::start().await;
    let client = omtx_examples::hub::client::Client::new(hub.address);
    hub.stop().await;
    assert!(client.get("/live").await.is_err());
}
