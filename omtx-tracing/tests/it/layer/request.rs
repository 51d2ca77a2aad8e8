//! Spans of the `tracing` crate inside requests.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::Request;
use omtx_context::TraceContext;
use omtx_tracing::http::ServerSpans;
use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{Propagators, Sampler, SpanLimits};
use tower::ServiceExt;
use tracing::{Instrument, info_span};
use tracing_subscriber::layer::SubscriberExt;

use super::layer;

/// Sends a request with this caller to a handler that has a span, across two polls, and tells which ids were current in it.
fn handle(traceparent: &str) -> (SpanRecorder, Vec<Option<TraceContext>>) {
    let recorder = SpanRecorder::with(Sampler::default(), SpanLimits::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let see = {
        let seen = Arc::clone(&seen);
        move || seen.lock().unwrap().push(TraceContext::current())
    };
    let handler = async move || {
        see();
        let work = async {
            see();
            tokio::task::yield_now().await;
            see();
        };
        work.instrument(info_span!("work")).await;
        see();
    };
    let spans = ServerSpans::new(&recorder.provider(), &Propagators::default());
    let app = Router::new()
        .route("/", get(handler))
        .layer(omtx_http::axum_layer(spans));
    let request = Request::get("/")
        .header("traceparent", traceparent)
        .body(Body::empty())
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(layer(&recorder));
    tracing::subscriber::with_default(subscriber, || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(app.oneshot(request))
            .unwrap()
    });
    let seen = seen.lock().unwrap().clone();
    (recorder, seen)
}

#[test]
fn a_span_in_a_handler_is_the_child_of_the_requests() {
    let (recorder, seen) = handle("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let (server, work) = (recorder.span("GET /"), recorder.span("work"));
    assert_eq!(work.parent_span_id(), Some(server.span_id()));
    assert_eq!(work.trace_id(), server.trace_id());
    let ids: Vec<_> = seen
        .iter()
        .map(|ids| ids.map(|ids| ids.span_id().to_bytes()))
        .collect();
    let (server, work) = (server.span_id().to_bytes(), work.span_id().to_bytes());
    assert_eq!(ids, [Some(server), Some(work), Some(work), Some(server)]);
}

#[test]
fn in_a_request_that_is_not_sampled_its_ids_stay_current_and_nothing_is_recorded() {
    let (recorder, seen) = handle("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
    assert_eq!((recorder.created(), recorder.spans().len()), (0, 0));
    let first = seen[0].expect("the request's ids");
    assert_eq!(
        first.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert!(!first.is_sampled());
    assert_eq!(seen, [Some(first); 4]);
}
