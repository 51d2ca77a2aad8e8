//! Endpoints from axum's router.

use crate::support::*;
use axum::Router;
use axum::body::Body;
use axum::routing::{any, get, post};
use http::{Request, StatusCode};
use omtx_http::axum_layer;
use tower::ServiceExt;

/// Sends one request through `app` and returns `endpoint status`.
async fn ask(app: Router, ends: &mut Ends, method: &str, path: &str) -> String {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    drain(&mut response.into_body()).await.unwrap();
    let ended = ends.now();
    ends.assert_no_more();
    format!("{} {}", ended.endpoint, ended.end.status())
}

#[track_caller]
fn check_all(router: Router, expected: &[(&str, &str, &str)]) {
    let (recorder, mut ends) = recorder();
    let app = router.layer(axum_layer(recorder));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (method, path, line) in expected {
        assert_eq!(
            runtime.block_on(ask(app.clone(), &mut ends, method, path)),
            *line,
            "{method} {path}"
        );
    }
}

#[test]
fn routes_are_templates_and_never_paths() {
    let router = Router::new()
        .route("/", get(async || ()))
        .route(
            "/users/{id}",
            get(async || ()).post(async || StatusCode::CREATED),
        )
        .route("/files/{*path}", get(async || ()));
    check_all(
        router,
        &[
            ("GET", "/", "/ 200"),
            ("GET", "/users/7?x=1", "/users/{id} 200"),
            ("HEAD", "/users/7", "/users/{id} 200"),
            ("POST", "/users/8", "/users/{id} 201"),
            ("GET", "/files/a/b/c", "/files/{*path} 200"),
        ],
    );
}

#[test]
fn a_method_that_does_not_fit_keeps_the_route() {
    let router = Router::new().route("/users/{id}", get(async || ()));
    check_all(
        router,
        &[
            ("DELETE", "/users/7", "/users/{id} 405"),
            ("OPTIONS", "/users/7", "/users/{id} 405"),
            ("BREW", "/users/7", "/users/{id} 405"),
        ],
    );
}

#[test]
fn what_no_route_matches_is_unmatched() {
    let routes = || Router::new().route("/a", get(async || ()));
    check_all(
        routes(),
        &[
            ("GET", "/b", "unmatched 404"),
            ("GET", "/a/", "unmatched 404"),
            ("GET", "//a", "unmatched 404"),
        ],
    );
    let teapot = async || StatusCode::IM_A_TEAPOT;
    check_all(
        routes().fallback(teapot),
        &[("GET", "/b/c", "unmatched 418"), ("GET", "/a", "/a 200")],
    );
    check_all(
        routes().method_not_allowed_fallback(teapot),
        &[("POST", "/a", "/a 418")],
    );
}

#[test]
fn nested_routers_give_the_whole_template() {
    let users = Router::new()
        .route("/{id}", get(async || ()))
        .route("/", any(async || ()));
    let api = Router::new()
        .nest("/users", users)
        .route("/jobs", post(async || ()));
    check_all(
        Router::new().nest("/api/{version}", api),
        &[
            ("GET", "/api/v1/users/7", "/api/{version}/users/{id} 200"),
            ("PUT", "/api/v1/users", "/api/{version}/users 200"),
            ("POST", "/api/v2/jobs", "/api/{version}/jobs 200"),
            ("GET", "/api/v2/jobs", "/api/{version}/jobs 405"),
            ("GET", "/api/v1/nothing", "unmatched 404"),
        ],
    );
}

#[test]
fn a_nested_routers_fallback_is_unmatched() {
    let inner = Router::new()
        .route("/a", get(async || ()))
        .fallback(async || StatusCode::GONE);
    check_all(
        Router::new().nest("/in", inner),
        &[
            ("GET", "/in/b", "unmatched 410"),
            ("GET", "/in/a", "/in/a 200"),
        ],
    );
}

#[test]
fn merged_routers_keep_their_templates() {
    let left = Router::new().route("/left/{a}", get(async || ()));
    let right = Router::new()
        .route("/right/{b}", get(async || ()))
        .fallback(async || StatusCode::NOT_FOUND);
    check_all(
        left.merge(right),
        &[
            ("GET", "/left/1", "/left/{a} 200"),
            ("GET", "/right/2", "/right/{b} 200"),
            ("GET", "/x", "unmatched 404"),
        ],
    );
}

#[test]
fn a_service_nested_whole_is_observed_from_the_inside() {
    let (recorder, mut ends) = recorder();
    let inner = Router::new()
        .route("/{id}", get(async || ()))
        .layer(axum_layer(recorder));
    let app = Router::new().nest_service("/in", inner);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert_eq!(
        runtime.block_on(ask(app, &mut ends, "GET", "/in/7")),
        "/in/{id} 200"
    );

    let inner = Router::new().route("/{id}", get(async || ()));
    check_all(
        Router::new().nest_service("/in", inner),
        &[("GET", "/in/7", "unmatched 200")],
    );
}
