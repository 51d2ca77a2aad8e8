//! Logins, sessions, request ids and probes.

use http::StatusCode;
use serde_json::json;

use crate::harness::{TWO, TestHub};

const LOGIN: &str = "/api/v1/login";

fn attempts(hub: &TestHub, outcome: &str) -> f64 {
    hub.metric(
        "omtx_hub_auth_attempts_total",
        &[("method", "password"), ("outcome", outcome)],
    )
}

#[tokio::test]
async fn the_right_password_gives_a_token_that_jobs_are_submitted_with() {
    let hub = TestHub::start().await;
    let login = hub
        .client
        .post(LOGIN, r#"{"user":"demo","password":"demo"}"#)
        .await
        .unwrap();
    assert_eq!(login.status, StatusCode::OK);
    let session = hub.client.clone().with_token(login.text("token"));
    let submitted = session.post("/api/v1/jobs?job_type=gc", TWO).await.unwrap();
    assert_eq!(submitted.status, StatusCode::ACCEPTED);
    assert_eq!(attempts(&hub, "success"), 1.0);
    assert_eq!(hub.app.auth.active_users(), 1);
}

#[tokio::test]
async fn a_wrong_password_and_a_false_token_are_refused() {
    let hub = TestHub::start().await;
    for body in [
        r#"{"user":"demo","password":"12345"}"#,
        r#"{"user":"root","password":"demo"}"#,
    ] {
        let refused = hub.client.post(LOGIN, body).await.unwrap();
        assert_eq!(
            (refused.status, refused.text("detail").as_str()),
            (StatusCode::UNAUTHORIZED, "wrong user or password")
        );
    }
    assert_eq!(attempts(&hub, "failure"), 2.0);
    let guess = hub.client.clone().with_token("0".repeat(32));
    let refused = guess.post("/api/v1/jobs?job_type=gc", TWO).await.unwrap();
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_login_that_is_no_json_or_too_long_is_no_attempt() {
    let hub = TestHub::start().await;
    let long = json!({"user": "demo", "password": "x".repeat(1000)}).to_string();
    for body in ["", "{", "{}", &long] {
        let refused = hub.client.post(LOGIN, body.to_owned()).await.unwrap();
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(attempts(&hub, "failure"), 0.0);
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let hub = TestHub::start().await;
    let ids = [
        hub.client.get("/api/v1/jobs/none").await.unwrap(),
        hub.client.get("/nowhere").await.unwrap(),
    ]
    .map(|answer| answer.headers["x-request-id"].to_str().unwrap().to_owned());
    assert_eq!(ids[0].len(), 32);
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn probes_answer_in_their_shapes() {
    let hub = TestHub::start().await;
    assert_eq!(
        hub.client.get("/live").await.unwrap().json(),
        json!({"status": "alive"})
    );
    assert_eq!(
        hub.client.get("/ready").await.unwrap().json(),
        json!({"status": "ready"})
    );
    let mut reports = hub.app.health.subscribe();
    reports
        .wait_for(|report| report.is_started())
        .await
        .unwrap();
    let health = hub.client.get("/health?verbose").await.unwrap();
    assert_eq!(health.headers["cache-control"], "no-store");
    assert_eq!(health.text("status"), "healthy");
    assert_eq!(health.json()["checks"]["queue"]["details"]["capacity"], 64);
}
