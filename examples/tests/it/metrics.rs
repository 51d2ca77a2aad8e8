//! What `/metrics` shows of the traffic.

use http::{Method, StatusCode};

use crate::harness::{Receiver, TWO, TestHub};

#[tokio::test]
async fn the_exposition_is_prometheus_text() {
    let hub = TestHub::start().await;
    let answer = hub.client.get("/metrics").await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.contains("omtx_hub_build_info{version="), "{text}");
}

#[tokio::test]
async fn each_end_of_a_job_has_its_count() {
    let hub = TestHub::start().await;
    hub.job("job_type=gc", TWO).await;
    hub.job("job_type=gc&fault=error", TWO).await;
    hub.job("job_type=gc&fault=panic", TWO).await;
    let job_type = ("job_type", "gc");
    for status in ["completed", "failed", "panicked"] {
        assert_eq!(
            hub.metric(
                "omtx_hub_jobs_completed_total",
                &[job_type, ("status", status)]
            ),
            1.0,
            "{status}"
        );
    }
    for reason in ["injected", "panic"] {
        assert_eq!(
            hub.metric(
                "omtx_hub_jobs_failed_total",
                &[job_type, ("reason", reason)]
            ),
            1.0,
            "{reason}"
        );
    }
    assert_eq!(hub.metric("omtx_hub_jobs_active", &[job_type]), 0.0);
    assert_eq!(
        hub.metric("omtx_hub_queue_wait_seconds_count", &[("queue", "default")]),
        3.0
    );
    for stage in ["composition", "orf", "store"] {
        let stage = [job_type, ("stage", stage)];
        assert_eq!(
            hub.metric("omtx_hub_job_stage_duration_seconds_count", &stage),
            1.0
        );
        assert_eq!(hub.metric("omtx_hub_jobs_in_stage", &stage), 0.0);
    }
}

#[tokio::test]
async fn a_job_that_waits_shows_in_the_queue_until_it_is_cancelled() {
    let hub = TestHub::with(|config| config.workers = 0).await;
    let receiver = Receiver::start().await;
    let id = hub.submit(&receiver, "job_type=gc", TWO).await;
    let queue = [("queue", "default")];
    assert_eq!(hub.metric("omtx_hub_queue_depth", &queue), 1.0);
    hub.client
        .request(Method::DELETE, &format!("/api/v1/jobs/{id}"), "")
        .await
        .unwrap();
    assert_eq!(hub.metric("omtx_hub_queue_depth", &queue), 0.0);
    let cancelled = [("job_type", "gc"), ("status", "cancelled")];
    assert_eq!(hub.metric("omtx_hub_jobs_completed_total", &cancelled), 1.0);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_scanners_share_one_row() {
    let hub = TestHub::start().await;
    hub.client
        .post("/api/v1/jobs?job_type=gc", "hello")
        .await
        .unwrap();
    hub.client.get("/api/v1/jobs/one").await.unwrap();
    hub.client.get("/api/v1/jobs/two").await.unwrap();
    hub.client.get("/wp-login.php").await.unwrap();
    hub.client.get("/.env").await.unwrap();
    let requests = |method, endpoint, status| {
        hub.metric(
            "http_requests_total",
            &[
                ("method", method),
                ("endpoint", endpoint),
                ("status", status),
            ],
        )
    };
    assert_eq!(requests("POST", "/api/v1/jobs", "400"), 1.0);
    assert_eq!(requests("GET", "/api/v1/jobs/{id}", "404"), 2.0);
    assert_eq!(requests("GET", "unmatched", "404"), 2.0);
}

#[tokio::test]
async fn what_no_event_tells_of_is_looked_up_by_the_scrape() {
    let hub = TestHub::start().await;
    let results = [("store", "results")];
    assert_eq!(hub.metric("omtx_hub_active_users", &[]), 0.0);
    assert_eq!(hub.metric("omtx_hub_storage_used_bytes", &results), 0.0);
    let login = r#"{"user":"demo","password":"demo"}"#;
    hub.client.post("/api/v1/login", login).await.unwrap();
    hub.job("job_type=gc", TWO).await;
    assert_eq!(hub.metric("omtx_hub_active_users", &[]), 1.0);
    let used = hub.app.store.used_bytes() as f64;
    assert!(used > 0.0);
    assert_eq!(hub.metric("omtx_hub_storage_used_bytes", &results), used);
}

#[tokio::test]
async fn programs_are_told_apart_up_to_the_cap() {
    let hub = TestHub::start().await;
    let requests = |client| hub.metric("omtx_hub_client_requests_total", &[("client", client)]);
    for n in 0..30 {
        let agent: &'static str = format!("agent-{n}/1.0").leak();
        let client = hub.client.clone().with_agent(agent);
        client.get("/nowhere").await.unwrap();
    }
    assert_eq!(requests("agent-0"), 1.0);
    assert_eq!(requests("agent-29"), 0.0);
    assert_eq!(requests("overflow"), 10.0);
}

#[tokio::test]
async fn a_job_that_runs_too_long_is_stuck_until_it_ends() {
    let hub = TestHub::for_demo().await;
    let receiver = Receiver::start().await;
    let id = hub.submit(&receiver, "job_type=gc&fault=hang", TWO).await;
    let stuck = || hub.metric("omtx_hub_jobs_stuck", &[("job_type", "gc")]);
    while stuck() == 0.0 {
        tokio::task::yield_now().await;
    }
    let path = format!("/api/v1/jobs/{id}");
    let cancel = hub.client.request(Method::DELETE, &path, "");
    assert_eq!(cancel.await.unwrap().status, StatusCode::ACCEPTED);
    while stuck() != 0.0 {
        tokio::task::yield_now().await;
    }
}
