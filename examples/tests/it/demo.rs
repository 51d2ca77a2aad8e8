//! The demonstration, which is a test of its own.

use omtx_examples::hub::demo;
use omtx_metrics::testing::delta;

use crate::harness::TestHub;

#[tokio::test]
async fn one_round_shows_every_outcome() {
    let hub = TestHub::start().await;
    let before = demo::scrape(hub.address).await.unwrap();
    let mut outcomes = Vec::new();
    demo::round(hub.address, 1, |step| outcomes.push(step.outcome))
        .await
        .unwrap();
    assert_eq!(
        outcomes,
        [
            "completed",
            "completed",
            "completed",
            "failed",
            "panicked", //
            "400 Bad Request",
            "400 Bad Request",
            "400 Bad Request",
            "422 Unprocessable Entity",
            "400 Bad Request", //
            "404 Not Found",
            "405 Method Not Allowed",
            "gone", //
            "401 Unauthorized",
            "200 OK",
            "completed",
            "completed",
            "cancelled", //
            "200 OK",
            "200 OK",
            "200 OK",
        ],
    );

    let moved = delta(&before, &demo::scrape(hub.address).await.unwrap());
    for family in [
        "http_requests_total",
        "http_request_ends_total",
        "http_request_duration_seconds",
        "omtx_hub_auth_attempts_total",
        "omtx_hub_feature_used_total",
        "omtx_hub_job_duration_seconds",
        "omtx_hub_job_stage_duration_seconds",
        "omtx_hub_jobs_completed_total",
        "omtx_hub_jobs_failed_total",
        "omtx_hub_jobs_submitted_total",
        "omtx_hub_queue_wait_seconds",
        "omtx_hub_webhook_deliveries_total",
        "omtx_scrapes_total",
    ] {
        assert!(moved.has_moved(family), "{family} has not moved:\n{moved}");
    }
}
