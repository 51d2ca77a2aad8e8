//! The server span, over requests in process.

mod attributes;
mod context;
mod correlation;
mod ends;
mod hostile;
mod over_the_wire;
mod sampling;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use http::{Request, Response};
use http_body_util::BodyExt;
use omtx_tracing::http::ServerSpans;
use omtx_tracing::testing::{RecordedSpan, SpanRecorder};
use omtx_tracing::{Propagators, Sampler, SpanLimits};
use opentelemetry::Value;
use tower::ServiceExt;

pub(super) const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";
pub(super) const NOT_SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02";
pub(super) const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

/// A recorder, and server spans that end in it.
pub(super) fn spans() -> (SpanRecorder, ServerSpans) {
    with(Sampler::default())
}

pub(super) fn with(sampler: Sampler) -> (SpanRecorder, ServerSpans) {
    let recorder = SpanRecorder::with(sampler, SpanLimits::default());
    let spans = ServerSpans::new(&recorder.provider(), &Propagators::default());
    (recorder, spans)
}

pub(super) fn routes() -> Router {
    Router::new()
        .route(
            "/users/{id}",
            get(async || "Ada").fallback(async || "any method"),
        )
        .route(
            "/upload",
            post(async |body: axum::body::Bytes| body.len().to_string()),
        )
}

pub(super) fn request(target: &str) -> http::request::Builder {
    Request::get(target).header("host", "api.example.org:8080")
}

pub(super) fn empty(builder: http::request::Builder) -> Request<Body> {
    builder.body(Body::empty()).unwrap()
}

/// From this end of a connection.
pub(super) fn from(mut request: Request<Body>, peer: &str) -> Request<Body> {
    let peer: std::net::SocketAddr = peer.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

/// The response, read to its end.
pub(super) async fn send(app: &Router, request: Request<Body>) -> Response<String> {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
}

/// A span's attributes as lines, in the order of the wire.
pub(super) fn lines(span: &RecordedSpan) -> Vec<String> {
    let line =
        |attribute: &opentelemetry::KeyValue| format!("{} = {}", attribute.key, attribute.value);
    span.attributes().iter().map(line).collect()
}

#[track_caller]
pub(super) fn text(span: &RecordedSpan, key: &str) -> String {
    match span.attribute(key) {
        Some(Value::String(text)) => text.as_str().to_owned(),
        other => panic!(
            "expected `{key}` to be a string, found {other:?} in {:#?}",
            lines(span)
        ),
    }
}
