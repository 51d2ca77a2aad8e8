//! What a service sends along that was called: the cases of the W3C's test suite that need both sides.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::ready;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Empty};
use omtx_tracing::client::ClientSpans;
use omtx_tracing::http::ServerSpans;
use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{Propagators, Sampler, SpanLimits, TracerProvider};
use tower::{Layer, ServiceExt, service_fn};

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";

/// The headers of a call, as lines: what went out instead of coming back.
fn lines(headers: &HeaderMap) -> String {
    let line = |name: &str| {
        headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
            .to_owned()
    };
    format!("{} {}", line("traceparent"), line("tracestate"))
}

/// Makes three calls while it is called; what they sent, a line each.
async fn handler(State(spans): State<ClientSpans>) -> String {
    let mut sent = Vec::new();
    for _ in 0..3 {
        let echo = service_fn(|request: Request<Empty<Bytes>>| {
            ready(Ok::<_, Infallible>(Response::new(lines(request.headers()))))
        });
        let request = Request::get("http://api/").body(Empty::new()).unwrap();
        let response = spans
            .clone()
            .layer()
            .layer(echo)
            .oneshot(request)
            .await
            .unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        sent.push(String::from_utf8(body.to_vec()).unwrap());
    }
    sent.join("\n")
}

/// Calls the service with these headers; the three `traceparent`s and `tracestate`s that it sent.
async fn sent(provider: &TracerProvider, headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let propagators = Propagators::default();
    let app = Router::new()
        .route("/", get(handler))
        .with_state(ClientSpans::new(provider, &propagators))
        .layer(omtx_http::axum_layer(ServerSpans::new(
            provider,
            &propagators,
        )));
    let mut request = Request::get("/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app
        .oneshot(request.body(axum::body::Body::empty()).unwrap())
        .await
        .unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let lines = body.lines().map(|line| line.split_once(' ').unwrap());
    lines
        .map(|(parent, state)| (parent.to_owned(), state.to_owned()))
        .collect()
}

fn providers() -> [TracerProvider; 2] {
    [Sampler::always_on(), Sampler::always_off()]
        .map(|sampler| SpanRecorder::with(sampler, SpanLimits::default()).provider())
}

#[tokio::test]
async fn a_trace_goes_on_with_a_parent_id_for_each_call() {
    // test_multiple_requests_with_valid_traceparent, test_traceparent_included_tracestate_missing
    for provider in providers() {
        let sent = sent(
            &provider,
            &[("traceparent", PARENT), ("tracestate", "foo=1,bar=2")],
        )
        .await;
        let ids: BTreeSet<_> = sent
            .iter()
            .map(|(parent, _)| parent[36..52].to_owned())
            .collect();
        assert_eq!(ids.len(), 3);
        assert!(!ids.contains("1234567890123456"));
        for (parent, state) in sent {
            assert_eq!(&parent[3..35], "12345678901234567890123456789012");
            assert_eq!(state, "foo=1,bar=2");
        }
    }
}

#[tokio::test]
async fn without_a_usable_traceparent_a_trace_is_begun() {
    // test_both_traceparent_and_tracestate_missing, test_multiple_requests_without_traceparent,
    // test_multiple_requests_with_illegal_traceparent, test_tracestate_included_traceparent_missing, test_traceparent_duplicated
    for provider in providers() {
        for headers in [
            &[][..],
            &[("tracestate", "foo=1")],
            &[
                (
                    "traceparent",
                    "00-00000000000000000000000000000000-1234567890123456-01",
                ),
                ("tracestate", "foo=1"),
            ],
            &[(
                "traceparent",
                "ff-12345678901234567890123456789012-1234567890123456-01",
            )],
            &[
                ("traceparent", PARENT),
                ("traceparent", PARENT),
                ("tracestate", "foo=1"),
            ],
        ] {
            let sent = sent(&provider, headers).await;
            let traces: BTreeSet<_> = sent
                .iter()
                .map(|(parent, _)| parent[3..35].to_owned())
                .collect();
            let ids: BTreeSet<_> = sent
                .iter()
                .map(|(parent, _)| parent[36..52].to_owned())
                .collect();
            assert_eq!((traces.len(), ids.len()), (1, 3), "{sent:?}");
            assert!(!traces.contains("12345678901234567890123456789012"));
            assert!(!traces.contains("00000000000000000000000000000000"));
            assert!(
                sent.iter()
                    .all(|(parent, state)| parent.len() == 55 && state.is_empty()),
                "{sent:?}"
            );
        }
    }
}
