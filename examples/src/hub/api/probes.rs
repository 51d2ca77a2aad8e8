//! `/health`, `/ready` and `/live`: answers from what is already known.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};

use super::App;

fn answer(status: StatusCode, body: Value) -> impl IntoResponse {
    (status, [(CACHE_CONTROL, "no-store")], Json(body))
}

/// Details for people and dashboards.
pub(super) async fn health(State(app): State<Arc<App>>) -> impl IntoResponse {
    let (depth, capacity) = (app.queue.depth(), app.config.queue);
    let status = if depth < capacity {
        "healthy"
    } else {
        "degraded"
    };
    let body = json!({
        "status": status,
        "timestamp": humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "checks": { "queue": { "status": status, "depth": depth, "capacity": capacity } },
    });
    answer(StatusCode::OK, body)
}

/// Whether to send requests here.
pub(super) async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    if app.readiness.is_ready() {
        return answer(StatusCode::OK, json!({ "status": "ready" }));
    }
    answer(
        StatusCode::SERVICE_UNAVAILABLE,
        json!({ "status": "not_ready", "reason": "draining" }),
    )
}

/// Whether the process can work at all.
pub(super) async fn live() -> impl IntoResponse {
    answer(StatusCode::OK, json!({ "status": "alive" }))
}
