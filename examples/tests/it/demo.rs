//! The demonstration, which is a test of its own.

use omtx_examples::hub::demo::{self, CONSTANT, Watch};

use crate::harness::TestHub;

#[tokio::test]
async fn one_round_shows_every_outcome_and_moves_every_family() {
    let hub = TestHub::for_demo().await;
    let mut watch = Watch::start(hub.address).await.unwrap();
    let mut outcomes = Vec::new();
    demo::round(hub.address, 1, &mut watch, |step| {
        outcomes.push(step.outcome)
    })
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
            "503 Service Unavailable",
            "cancelled",
            "404 Not Found", //
            "200 OK",
            "200 OK",
            "200 OK",
        ],
    );

    let catalog = hub.app.metrics.registry().catalog();
    let constant: Vec<&str> = CONSTANT.iter().map(|(family, _)| *family).collect();
    let is_sampled = |family: &&str| demo::reason(family).is_some() && !constant.contains(family);
    let mut unmoved: Vec<&str> = watch.unmoved(&catalog).into_iter().collect();
    unmoved.retain(|family| !is_sampled(family));
    unmoved.sort_by_key(|family| constant.iter().position(|known| known == family));
    assert_eq!(
        unmoved, constant,
        "a family that stands still needs a step of the demonstration, or its reason in CONSTANT"
    );
}
