//! Callbacks.

use http::StatusCode;
use serde_json::json;

use crate::harness::{Receiver, TWO, TestHub, metric};

#[tokio::test]
async fn the_end_of_a_job_is_told_once_and_its_state_is_known_by_then() {
    let hub = TestHub::start().await;
    let mut receiver = Receiver::start().await;
    let id = hub.submit(&receiver, "job_type=gc", TWO).await;
    let event = receiver.next().await;
    assert_eq!(
        event,
        json!({"event": "job.completed", "job_id": id, "job_type": "gc"})
    );
    assert_eq!(
        hub.client
            .get(&format!("/api/v1/jobs/{id}"))
            .await
            .unwrap()
            .text("state"),
        "completed"
    );
    let failed = hub.submit(&receiver, "job_type=gc&fault=error", TWO).await;
    let expected =
        json!({"event": "job.failed", "job_id": failed, "job_type": "gc", "reason": "injected"});
    assert_eq!(receiver.next().await, expected);
}

/// Posts a job that calls back at `path`, and stops the hub: by then the delivery has come to its end.
async fn outcome(path: &str, outcome: &str, attempts: usize) {
    let hub = TestHub::start().await;
    let mut receiver = Receiver::start().await;
    let query = format!("job_type=gc&callback_url={}", receiver.url(path));
    let answer = hub
        .client
        .post(&format!("/api/v1/jobs?{query}"), TWO)
        .await
        .unwrap();
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    for _ in 0..attempts {
        receiver.next().await;
    }
    let metrics = hub.app.metrics.clone();
    hub.stop().await;
    let labels = [("event", "job.completed"), ("outcome", outcome)];
    assert_eq!(
        metric(&metrics, "omtx_hub_webhook_deliveries_total", &labels),
        1.0
    );
    assert_eq!(
        metric(
            &metrics,
            "omtx_hub_webhook_delivery_duration_seconds_count",
            &labels[..1]
        ),
        1.0
    );
}

#[tokio::test]
async fn a_receiver_that_takes_it_is_asked_once() {
    outcome("204", "delivered", 1).await;
}

#[tokio::test]
async fn a_receiver_that_fails_is_asked_three_times() {
    outcome("500", "rejected", 3).await;
}

#[tokio::test]
async fn a_receiver_that_refuses_is_asked_once() {
    outcome("404", "rejected", 1).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    outcome("307", "rejected", 1).await;
}

#[tokio::test]
async fn a_callback_that_may_not_be_called_is_counted_as_refused() {
    let hub = TestHub::start().await;
    let inside = "/api/v1/jobs?job_type=gc&callback_url=http://169.254.169.254/";
    let answer = hub.client.post(inside, TWO).await.unwrap();
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let refused = [("event", "job.submitted"), ("outcome", "refused")];
    assert_eq!(
        hub.metric("omtx_hub_webhook_deliveries_total", &refused),
        1.0
    );
}
