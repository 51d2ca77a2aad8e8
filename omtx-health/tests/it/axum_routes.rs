//! The probes in a router.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use omtx_health::{Endpoint, Health, Spec};
use tower::ServiceExt;

use crate::support::{Does, Puppet, shop, started};

async fn health() -> Health {
    let health = shop()
        .check(Spec::new("db", Puppet::that(Does::Pass)))
        .build()
        .unwrap();
    started(&health).await;
    health
}

async fn ask(app: &Router, method: Method, path: &str) -> (Response<()>, String) {
    let request = Request::builder().method(method).uri(path);
    let response = app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        Response::from_parts(head, ()),
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

#[tokio::test(start_paused = true)]
async fn all_probes_are_routes() {
    let app = Router::new()
        .route("/", get(async || "shop"))
        .merge(health().await.router());
    for (path, status) in [
        ("/health", 200),
        ("/health/db", 200),
        ("/health/redis", 404),
        ("/ready", 200),
        ("/live", 200),
        ("/startup", 200),
        ("/", 200),
        ("/healthz", 404),
    ] {
        let (response, _) = ask(&app, Method::GET, path).await;
        assert_eq!(response.status(), status, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn nested_probes_answer_the_same() {
    let app: Router = Router::new().nest("/admin", health().await.router());
    let (response, body) = ask(&app, Method::GET, "/admin/health/db").await;
    assert_eq!(response.status(), 200);
    assert!(
        body.starts_with(r#"{"name":"db","status":"healthy""#),
        "{body}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_route_can_have_a_path_of_its_own() {
    let app: Router = Router::new().route("/healthz", health().await.route(Endpoint::Live));
    let (_, body) = ask(&app, Method::GET, "/healthz").await;
    assert_eq!(body, r#"{"status":"alive"}"#);
}

#[tokio::test(start_paused = true)]
async fn head_keeps_the_length_and_loses_the_body() {
    let app: Router = health().await.router();
    let (got, body) = ask(&app, Method::GET, "/health").await;
    let (head, nothing) = ask(&app, Method::HEAD, "/health").await;
    assert_eq!(nothing, "");
    assert_eq!(head.headers()["content-length"], body.len().to_string());
    assert_eq!(
        head.headers()["content-type"],
        got.headers()["content-type"]
    );
}

#[tokio::test(start_paused = true)]
async fn other_methods_are_405() {
    let app: Router = health().await.router();
    for path in ["/health", "/health/db", "/ready", "/live", "/startup"] {
        let (response, body) = ask(&app, Method::POST, path).await;
        assert_eq!((response.status().as_u16(), &*body), (405, ""));
        assert_eq!(response.headers()["allow"], "GET, HEAD");
    }
}
