//! The routes.

mod jobs;
mod login;
mod query;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::Method;
use omtx_context::Jobs;
use omtx_health::Health;
use omtx_logging::http::{AccessLog, RequestScope};
use omtx_tracing::http::ServerSpans;
use tokio::sync::Semaphore;

use super::auth::Auth;
use super::config::Config;
use super::jobs::{Observers, Pending, Queue, Store};
use super::metrics::Metrics;
use super::problem::Problem;

/// What the handlers share.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// Where jobs are submitted.
    pub jobs: Jobs<Observers>,
    /// Where they wait.
    pub queue: Arc<Queue<Pending>>,
    /// What became of them.
    pub store: Arc<Store>,
    /// Who is asking.
    pub auth: Auth,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Places for bodies that are being read.
    pub uploads: Semaphore,
    /// Whether requests are welcome.
    pub health: Health,
    /// One line a request.
    pub access_log: AccessLog,
    /// One span a request, of those that are sampled, and trace ids for all.
    pub server_spans: ServerSpans,
}

/// The service.
pub fn router(app: Arc<App>) -> Router {
    let scrape = app.metrics.registry().metrics_route();
    Router::new()
        .route("/api/v1/jobs", post(jobs::submit))
        .route("/api/v1/jobs/{id}", get(jobs::show).delete(jobs::cancel))
        .route("/api/v1/login", post(login::login))
        .fallback(async || Problem::no_such_path(""))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(omtx_http::axum_layer((
            app.server_spans.clone(), // first: all that follow have its ids
            RequestScope::new(),
            app.metrics.red(),
            app.metrics.clients(),
            app.access_log.clone(),
        )))
        // Behind the layers: scrapes and probes are no requests of the service.
        .route("/metrics", scrape)
        .merge(app.health.router())
        .with_state(app)
}

async fn method_not_allowed(method: Method) -> Problem {
    Problem::method_not_allowed(format!("not with {method}"))
}
