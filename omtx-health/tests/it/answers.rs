//! Bodies, to the key.

use http::{Method, Request};
use omtx_health::{Health, Shape, Spec};

use crate::support::{Does, Puppet, ask, get, shop, started, text};

fn spec(name: &str, does: Does) -> Spec {
    Spec::new(name, Puppet::that(does))
}

/// A critical check that passes, and others in trouble.
async fn mixed(shape: Shape) -> Health {
    let health = shop()
        .shape(shape)
        .check(spec("database", Does::Pass).readiness(true))
        .check(spec("cache", Does::Fail).critical(false))
        .check(spec("gpu", Does::Degrade))
        .details_for(|head| head.headers.contains_key("x-operator"))
        .build()
        .unwrap();
    crate::support::wait(&health, |report| {
        report
            .checks()
            .iter()
            .all(|check| check.last_run().is_some())
    })
    .await;
    health
}

#[track_caller]
fn check(health: &Health, path: &str, status: u16, body: &str) {
    let (code, text) = get(health, path);
    assert_eq!((code, &*text), (status, body));
}

#[tokio::test(start_paused = true)]
async fn health_has_an_object_per_check() {
    check(
        &mixed(Shape::Checks).await,
        "/health",
        200,
        r#"{"status":"degraded","timestamp":"2026-01-31T12:00:00.000Z","version":"1.4.2","checks":{"database":{"status":"healthy"},"cache":{"status":"unhealthy"},"gpu":{"status":"degraded"}}}"#,
    );
}

#[tokio::test(start_paused = true)]
async fn health_has_a_word_per_service() {
    check(
        &mixed(Shape::Services).await,
        "/health",
        200,
        r#"{"status":"degraded","services":{"database":"healthy","cache":"unhealthy","gpu":"degraded"},"timestamp":"2026-01-31T12:00:00.000Z"}"#,
    );
}

#[tokio::test(start_paused = true)]
async fn health_has_one_word() {
    check(
        &mixed(Shape::Plain).await,
        "/health",
        200,
        r#"{"status":"degraded"}"#,
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_version_there_is_no_key_for_it() {
    let health = Health::builder("shop")
        .clock(crate::support::noon)
        .build()
        .unwrap();
    check(
        &health,
        "/health",
        200,
        r#"{"status":"healthy","timestamp":"2026-01-31T12:00:00.000Z","checks":{}}"#,
    );
}

#[tokio::test(start_paused = true)]
async fn a_critical_failure_is_503() {
    let health = shop().check(spec("database", Does::Fail)).build().unwrap();
    started(&health).await;
    check(
        &health,
        "/health",
        503,
        r#"{"status":"unhealthy","timestamp":"2026-01-31T12:00:00.000Z","version":"1.4.2","checks":{"database":{"status":"unhealthy"}}}"#,
    );
}

#[tokio::test(start_paused = true)]
async fn verbose_tells_strangers_when_but_not_why() {
    check(
        &mixed(Shape::Checks).await,
        "/health?verbose",
        200,
        concat!(
            r#"{"status":"degraded","timestamp":"2026-01-31T12:00:00.000Z","version":"1.4.2","checks":{"#,
            r#""database":{"status":"healthy","critical":true,"readiness":true,"since":"2026-01-31T12:00:00.000Z","checked_at":"2026-01-31T12:00:00.000Z","duration_ms":0},"#,
            r#""cache":{"status":"unhealthy","critical":false,"readiness":false,"since":"2026-01-31T12:00:00.000Z","checked_at":"2026-01-31T12:00:00.000Z","duration_ms":0},"#,
            r#""gpu":{"status":"degraded","critical":true,"readiness":false,"since":"2026-01-31T12:00:00.000Z","checked_at":"2026-01-31T12:00:00.000Z","duration_ms":0}}}"#,
        ),
    );
}

#[tokio::test(start_paused = true)]
async fn verbose_tells_operators_why() {
    let health = mixed(Shape::Services).await;
    let request = Request::get("/health?verbose").header("x-operator", "ada");
    assert_eq!(
        text(&ask(&health, request)),
        concat!(
            r#"{"status":"degraded","services":{"database":"healthy","cache":"unhealthy","gpu":"degraded"},"timestamp":"2026-01-31T12:00:00.000Z","checks":{"#,
            r#""database":{"status":"healthy","critical":true,"readiness":true,"since":"2026-01-31T12:00:00.000Z","checked_at":"2026-01-31T12:00:00.000Z","duration_ms":0,"details":{"latency_ms":3}},"#,
            r#""cache":{"status":"unhealthy","critical":false,"readiness":false,"since":"2026-01-31T12:00:00.000Z","checked_at":"2026-01-31T12:00:00.000Z","duration_ms":0,"error":"db.internal:5432: connection refused","details":{"code":111}},"#,
            r#""gpu":{"status":"degraded","critical":true,"readiness":false,"since":"2026-01-31T12:00:00.000Z","checked_at":"2026-01-31T12:00:00.000Z","duration_ms":0,"message":"82 % full"}}}"#,
        ),
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_for_health_json_gets_it() {
    let health = mixed(Shape::Services).await;
    let answer = ask(
        &health,
        Request::get("/health").header("accept", "application/health+json"),
    );
    assert_eq!(answer.headers()["content-type"], "application/health+json");
    assert_eq!(answer.headers()["vary"], "accept");
    assert_eq!(
        text(&answer),
        concat!(
            r#"{"status":"warn","releaseId":"1.4.2","serviceId":"shop","checks":{"#,
            r#""database":[{"status":"pass","time":"2026-01-31T12:00:00.000Z"}],"#,
            r#""cache":[{"status":"fail","time":"2026-01-31T12:00:00.000Z"}],"#,
            r#""gpu":[{"status":"warn","time":"2026-01-31T12:00:00.000Z"}]}}"#,
        ),
    );
}

#[tokio::test(start_paused = true)]
async fn health_json_has_output_for_operators() {
    let health = mixed(Shape::Checks).await;
    let request = Request::get("/health?verbose&exclude=gpu&exclude=database&exclude=redis")
        .header("accept", "application/health+json")
        .header("x-operator", "ada");
    assert_eq!(
        text(&ask(&health, request)),
        concat!(
            r#"{"status":"warn","releaseId":"1.4.2","serviceId":"shop","notes":["exclude: there is no check \"redis\""],"checks":{"#,
            r#""cache":[{"status":"fail","time":"2026-01-31T12:00:00.000Z","observedValue":0,"observedUnit":"ms","output":"db.internal:5432: connection refused"}]}}"#,
        ),
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_excluded_neither_shows_nor_counts() {
    let health = shop()
        .check(spec("database", Does::Pass))
        .check(spec("queue", Does::Fail).readiness(true))
        .build()
        .unwrap();
    started(&health).await;
    check(
        &health,
        "/health?exclude=queue&exclude=nothing",
        200,
        r#"{"status":"healthy","timestamp":"2026-01-31T12:00:00.000Z","version":"1.4.2","warnings":["exclude: there is no check \"nothing\""],"checks":{"database":{"status":"healthy"}}}"#,
    );
    check(
        &health,
        "/ready",
        503,
        r#"{"status":"not_ready","reason":"not up: queue"}"#,
    );
    check(
        &health,
        "/ready?exclude=queue",
        200,
        r#"{"status":"ready"}"#,
    );
    check(
        &health,
        "/ready?verbose",
        503,
        r#"{"status":"not_ready","reason":"not up: queue","checks":{"queue":"unhealthy"}}"#,
    );
}

#[tokio::test(start_paused = true)]
async fn one_check_can_be_asked_for() {
    let health = mixed(Shape::Plain).await;
    check(
        &health,
        "/health/cache",
        503,
        r#"{"name":"cache","status":"unhealthy","critical":false,"readiness":false,"since":"2026-01-31T12:00:00.000Z","checked_at":"2026-01-31T12:00:00.000Z","duration_ms":0,"timestamp":"2026-01-31T12:00:00.000Z"}"#,
    );
    let operator = Request::get("/health/cache").header("x-operator", "ada");
    assert!(text(&ask(&health, operator)).contains(
        r#","error":"db.internal:5432: connection refused","details":{"code":111},"timestamp""#
    ));
    assert_eq!(get(&health, "/health/database").0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_not_there_is_404() {
    check(
        &mixed(Shape::Checks).await,
        "/health/redis",
        404,
        r#"{"status":"not_found","reason":"there is no check of this name"}"#,
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_that_has_not_run_is_unknown_and_not_ready_but_not_dead() {
    let health = shop()
        .check(spec("database", Does::Hang).readiness(true))
        .build()
        .unwrap();
    check(
        &health,
        "/health",
        200,
        r#"{"status":"degraded","timestamp":"2026-01-31T12:00:00.000Z","version":"1.4.2","checks":{"database":{"status":"unknown"}}}"#,
    );
    check(
        &health,
        "/ready",
        503,
        r#"{"status":"not_ready","reason":"starting"}"#,
    );
    check(&health, "/startup", 503, r#"{"status":"starting"}"#);
    check(&health, "/live", 200, r#"{"status":"alive"}"#);
    assert_eq!(get(&health, "/health/database").0, 503);
}

#[tokio::test(start_paused = true)]
async fn head_has_the_headers_of_get_and_no_body() {
    let health = mixed(Shape::Checks).await;
    for path in [
        "/health",
        "/health/gpu",
        "/ready",
        "/live",
        "/startup",
        "/health?verbose",
    ] {
        let get = ask(&health, Request::get(path));
        let head = ask(&health, Request::head(path));
        assert_eq!(head.status(), get.status());
        assert_eq!(head.body(), "");
        assert_eq!(
            head.headers()["content-length"],
            get.body().len().to_string()
        );
        assert_eq!(
            head.headers()["content-type"],
            get.headers()["content-type"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_may_be_stored() {
    let health = mixed(Shape::Checks).await;
    for path in [
        "/health",
        "/health/gpu",
        "/health/redis",
        "/ready",
        "/live",
        "/startup",
    ] {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            let answer = ask(&health, Request::builder().method(method).uri(path));
            assert_eq!(answer.headers()["cache-control"], "no-store");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn other_methods_are_405_with_what_is_allowed() {
    let health = mixed(Shape::Checks).await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = ask(&health, Request::builder().method(method).uri("/ready"));
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "GET, HEAD");
        assert_eq!(answer.body(), "");
    }
}

#[tokio::test(start_paused = true)]
async fn paths_of_others_are_left_to_them() {
    let health = mixed(Shape::Checks).await;
    for path in [
        "/",
        "/healthz",
        "/health/",
        "/health/a/b",
        "/ready/x",
        "/metrics",
    ] {
        let (head, ()) = Request::get(path).body(()).unwrap().into_parts();
        assert!(health.answer_path(&head).is_none(), "{path}");
    }
}
