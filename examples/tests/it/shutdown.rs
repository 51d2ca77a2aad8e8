//! The end of the service.

use std::time::Duration;

use omtx_examples::hub::Config;

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

#[tokio::test]
async fn the_longest_times_that_can_be_set_are_served_to_the_end() {
    let seconds = |name: &str| {
        let is_time =
            name.ends_with("_TIMEOUT") || name.ends_with("_DEADLINE") || name.ends_with("_AFTER");
        (is_time && !name.starts_with("HUB_GPU_")).then(|| "31536000".into())
    };
    let set = Config::from_lookup(seconds).unwrap();
    assert_eq!(set.job_timeout.as_secs(), 31_536_000);
    let hub = TestHub::with(|config| {
        *config = Config {
            listen: config.listen,
            drain_delay: config.drain_delay,
            ..set
        }
    })
    .await;
    assert_eq!(hub.job("job_type=gc", TWO).await["state"], "completed");
    assert_eq!(
        hub.metric("omtx_hub_jobs_stuck", &[("job_type", "gc")]),
        0.0
    );
    hub.stop().await;
}
