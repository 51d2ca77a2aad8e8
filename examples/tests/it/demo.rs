//! The demonstration, which is a test of its own.

use omtx_examples::hub::demo;

use crate::harness::TestHub;

#[tokio::test]
async fn one_round_shows_every_outcome() {
    let hub = TestHub::start().await;
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
}
