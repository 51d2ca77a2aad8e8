//! Headers that strangers made up.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;

use super::{SAMPLED, empty, request, send, spans};

#[tokio::test]
async fn oversized_context_headers_are_served_like_any_other() {
    let (recorder, spans) = spans();
    let app = super::routes().layer(omtx_http::axum_layer(spans));
    let mut call = request("/users/7").header("traceparent", SAMPLED);
    for member in 0..1_000 {
        call = call.header("tracestate", format!("k{member}={}", "v".repeat(200)));
    }
    let call = call.header("baggage", format!("k={}", "v".repeat(1 << 20)));
    assert_eq!(send(&app, empty(call)).await.status(), 200);
    let span = recorder.span("GET /users/{id}");
    assert_eq!(span.span_context().trace_state().header(), "", "discarded");
    assert_eq!(
        span.parent_span_id().unwrap().to_string(),
        "b7ad6b7169203331"
    );
}

fn value() -> impl Strategy<Value = HeaderValue> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    bytes.prop_filter_map("no header value", |bytes| {
        HeaderValue::from_bytes(&bytes).ok()
    })
}

fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    const NAMES: &[&str] = &[
        "traceparent",
        "tracestate",
        "baggage",
        "b3",
        "host",
        "user-agent",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "forwarded",
        "x-captured",
    ];
    let name = proptest::sample::select(NAMES).prop_map(HeaderName::from_static);
    let close =
        proptest::sample::select(&[SAMPLED, "00-0", "k=v,", "for=\"[::1", ",,;=\"\\", "a@b:c"][..]);
    (
        name,
        prop_oneof![value(), close.prop_map(HeaderValue::from_static)],
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_header_fails_a_request_or_breaks_its_span(
        headers in proptest::collection::vec(header(), 0..12),
        target in "/users/[a-z0-9%._~-]{1,30}(\\?[a-zA-Z0-9%&=._~;,:@/-]{0,60})?",
        trusted in 0_u8..3,
    ) {
        let (recorder, spans) = spans();
        let spans = spans
            .trusted_proxies(trusted)
            .trace_response(true)
            .request_headers([HeaderName::from_static("x-captured")]);
        let app = super::routes().layer(omtx_http::axum_layer(spans));
        let mut call = Request::get(&target).body(Body::empty()).unwrap();
        call.headers_mut().extend(headers.into_iter().map(|(name, value)| (Some(name), value)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime.block_on(send(&app, call));
        prop_assert_eq!(response.status(), 200);
        prop_assert!(recorder.spans().len() <= 1, "the span reads back, or a made-up traceparent had it not sampled");
    }
}
