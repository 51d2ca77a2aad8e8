//! What a server span allocates, beside the same layer without observers. Alone in its binary, which counts.

#![cfg(feature = "axum")]

#[path = "alloc/counting.rs"]
mod counting;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::FutureExt;
use http::Request;
use http_body_util::BodyExt;
use omtx_http::{Observer, axum_layer};
use omtx_tracing::http::ServerSpans;
use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{Propagators, Sampler, SpanLimits, Telemetry};
use tower::ServiceExt;

use counting::asked;

/// What a whole request allocates on this thread, from the call to the last byte of the response.
fn cost(observer: impl Observer, traceparent: Option<&'static str>) -> u64 {
    let app = Router::new()
        .route("/users/{id}", get(async || "Ada"))
        .layer(axum_layer(observer));
    let run = || {
        let mut request = Request::get("/users/7?verbose=1")
            .header("host", "api.example.org:8080")
            .header("user-agent", "curl/8.5.0");
        if let Some(traceparent) = traceparent {
            request = request.header("traceparent", traceparent);
        }
        let (app, request) = (app.clone(), request.body(Body::empty()).unwrap());
        let call = asked(|| {
            let response = app
                .oneshot(request)
                .now_or_never()
                .expect("nothing waits here")
                .unwrap();
            let mut body = response.into_body();
            while let Some(frame) = body.frame().now_or_never().expect("nothing waits here") {
                frame.unwrap();
            }
        });
        call.times
    };
    run(); // Whatever is initialised once is.
    run()
}

const SAMPLED: Option<&str> = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
const NOT_SAMPLED: Option<&str> = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");

/// What server spans add to a request.
fn added(spans: ServerSpans, traceparent: Option<&'static str>) -> u64 {
    cost(spans, traceparent) - cost((), traceparent)
}

fn sampled_by(sampler: Sampler) -> ServerSpans {
    let recorder = SpanRecorder::with(sampler, SpanLimits::default());
    ServerSpans::new(&recorder.provider(), &Propagators::default())
}

/// OpenTelemetry's context holds its span behind a reference count.
#[test]
fn a_request_that_is_not_sampled_costs_one_allocation() {
    assert_eq!(added(sampled_by(Sampler::default()), NOT_SAMPLED), 1);
}

#[test]
fn a_request_without_a_caller_that_nobody_samples_costs_one_allocation() {
    assert_eq!(added(sampled_by(Sampler::always_off()), None), 1);
}

#[test]
fn disabled_telemetry_costs_one_allocation() {
    let telemetry = Telemetry::builder("hub").build().unwrap();
    assert_eq!(added(telemetry.server_spans(), SAMPLED), 1);
    assert_eq!(added(telemetry.server_spans(), None), 1);
}

/// OpenTelemetry's context, its box for the span, and the name; attributes go into a buffer that the thread keeps.
#[cfg(feature = "http-protobuf")]
#[test]
fn a_request_that_is_sampled_costs_three_allocations() {
    use omtx_tracing::{Otlp, Protocol, Signal};

    // Nobody listens there: what is sent is not the question here.
    let collector = Otlp::new().endpoint("http://127.0.0.1:9/v1/traces");
    let telemetry = Telemetry::builder("hub")
        .otlp_for(Signal::Traces, collector.protocol(Protocol::HttpProtobuf))
        .build()
        .unwrap();
    assert_eq!(added(telemetry.server_spans(), SAMPLED), 3);
}
