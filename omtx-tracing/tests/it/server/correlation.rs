//! The whole stack: the ids of a request on its log lines and in its exemplars.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use omtx_context::{JobSpec, Jobs};
use omtx_logging::http::{AccessLog, RequestScope};
use omtx_logging::testing::Lines;
use omtx_logging::{Logging, Profile};
use omtx_metrics::Registry;
use omtx_metrics::http::RedObserver;
use omtx_metrics::jobs::JobMetricsObserver;
use omtx_metrics::testing::Exposition;
use serde_json::{Value, json};

use super::{NOT_SAMPLED, SAMPLED, TRACE_ID, empty, request, send, spans};

/// What one request left behind.
struct Left {
    lines: Vec<String>,
    metrics: Exposition,
    /// Of the server span, as the handler saw it.
    span_id: String,
}

/// One request through all observers; its handler logs a line, waits, and runs a job.
async fn one(profile: Profile, traceparent: &str) -> Left {
    let (_recorder, spans) = spans();
    let lines = Lines::default();
    let logging = Logging::builder("hub")
        .profile(profile)
        .google_cloud_project("p")
        .sink(lines.clone())
        .build()
        .unwrap();
    let registry = Registry::new();
    let jobs = Jobs::new(JobMetricsObserver::new(&registry).unwrap());
    let seen = Arc::<Mutex<String>>::default();
    let span_id = Arc::clone(&seen);
    let handler = async move || {
        tokio::task::yield_now().await;
        tracing::info!("from the handler");
        let ids = omtx_context::TraceContext::current().unwrap();
        *span_id.lock().unwrap() = ids.span_id().to_string();
        let job = jobs.submit(JobSpec::new("align").id("job-1"));
        job.run_blocking(|| Ok::<_, std::io::Error>(())).unwrap();
    };
    let observers = (
        spans,
        RequestScope::new(),
        RedObserver::new(&registry).unwrap(),
        AccessLog::for_logging(&logging),
    );
    let app = Router::new()
        .route("/", get(handler))
        .layer(omtx_http::axum_layer(observers));
    let _default = tracing::subscriber::set_default(logging.subscriber());
    send(&app, empty(request("/").header("traceparent", traceparent))).await;
    let span_id = seen.lock().unwrap().clone();
    Left {
        lines: lines.take(),
        metrics: Exposition::parse_openmetrics(&registry.to_openmetrics()).unwrap(),
        span_id,
    }
}

/// The keys of a line that say where it is in a trace.
fn ids(line: &str, keys: &[&str]) -> Value {
    let line: Value = serde_json::from_str(line).unwrap();
    keys.iter()
        .map(|&key| (key.to_owned(), line[key].clone()))
        .collect()
}

#[tokio::test]
async fn lines_of_every_json_profile_have_the_ids_of_their_request() {
    for traceparent in [SAMPLED, NOT_SAMPLED] {
        let sampled = traceparent == SAMPLED;
        for profile in [Profile::Omtx, Profile::Flat, Profile::Python] {
            let left = one(profile, traceparent).await;
            assert_eq!(left.lines.len(), 2, "the handler's and the access line");
            for line in &left.lines {
                let expected = json!({"trace_id": TRACE_ID, "span_id": left.span_id});
                assert_eq!(ids(line, &["trace_id", "span_id"]), expected, "{line}");
            }
        }
        let left = one(Profile::Ecs, traceparent).await;
        for line in &left.lines {
            let expected = json!({"trace.id": TRACE_ID, "span.id": left.span_id});
            assert_eq!(ids(line, &["trace.id", "span.id"]), expected, "{line}");
        }
        let left = one(Profile::Gcp, traceparent).await;
        for line in &left.lines {
            let expected = json!({
                "logging.googleapis.com/trace": format!("projects/p/traces/{TRACE_ID}"),
                "logging.googleapis.com/spanId": left.span_id,
                "logging.googleapis.com/trace_sampled": sampled,
            });
            let keys = [
                "logging.googleapis.com/trace",
                "logging.googleapis.com/spanId",
                "logging.googleapis.com/trace_sampled",
            ];
            assert_eq!(ids(line, &keys), expected, "{line}");
        }
    }
}

fn exemplars(metrics: &Exposition) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    for family in metrics.families() {
        for sample in &family.samples {
            if let Some(exemplar) = &sample.exemplar {
                found.push((family.name.clone(), exemplar.labels.clone()));
            }
        }
    }
    found
}

#[tokio::test]
async fn durations_of_sampled_requests_and_their_jobs_lead_to_their_traces() {
    let left = one(Profile::Omtx, SAMPLED).await;
    let labels = vec![
        ("span_id".to_owned(), left.span_id.clone()),
        ("trace_id".to_owned(), TRACE_ID.to_owned()),
    ];
    let mut found = exemplars(&left.metrics);
    found.sort();
    let expected = ["http_request_duration_seconds", "job_duration_seconds"];
    assert_eq!(
        found,
        expected.map(|family| (family.to_owned(), labels.clone()))
    );
    let left = one(Profile::Omtx, NOT_SAMPLED).await;
    assert_eq!(
        exemplars(&left.metrics),
        [],
        "nobody recorded where they would lead"
    );
}
