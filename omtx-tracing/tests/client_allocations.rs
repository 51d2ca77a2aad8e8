//! What a call through the client layer allocates, beside the same call without it. Alone in its binary, which counts.
#![cfg(feature = "client")]

#[path = "alloc/counting.rs"]
mod counting;

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::Empty;
use omtx_tracing::client::ClientSpans;
use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{Propagators, Sampler, SpanLimits, Telemetry, context};
use opentelemetry::Context;
use tower::{Layer, Service, service_fn};

use counting::asked;

/// What one call allocates inside the context of an incoming request that is not sampled.
fn cost<S>(mut service: S) -> u64
where
    S: Service<Request<Empty<Bytes>>, Error = Infallible>,
{
    let mut headers = HeaderMap::new();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    headers.insert("traceparent", HeaderValue::from_static(parent));
    let context = Propagators::default()
        .extract_headers(&headers)
        .into_context(&Context::new());
    let mut run = || {
        let request = Request::get("https://api.example.com/jobs/7?verbose=1")
            .header("accept", "application/json")
            .header("host", "api.example.com".to_owned())
            .body(Empty::new())
            .unwrap();
        let call = asked(|| {
            let response = context::in_scope(&context, || service.call(request).now_or_never());
            drop(response.expect("nothing waits here"));
        });
        call.times
    };
    run(); // Whatever is initialised once is.
    run()
}

fn added(spans: &ClientSpans) -> u64 {
    let answer =
        |_: Request<Empty<Bytes>>| ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())));
    let bare = cost(service_fn(answer));
    cost(spans.clone().layer().layer(service_fn(answer))) - bare
}

/// The header's value.
#[test]
fn a_call_that_is_not_sampled_costs_one_allocation() {
    let recorder = SpanRecorder::with(Sampler::default(), SpanLimits::default());
    let spans = ClientSpans::new(&recorder.provider(), &Propagators::default());
    assert_eq!(added(&spans), 1);
    assert_eq!(recorder.created(), 0);
}

#[test]
fn disabled_telemetry_costs_one_allocation_a_call() {
    let telemetry = Telemetry::builder("hub").build().unwrap();
    assert_eq!(added(&telemetry.client_spans()), 1);
}

#[test]
fn a_call_that_sends_nothing_along_costs_none() {
    let telemetry = Telemetry::builder("hub").build().unwrap();
    assert_eq!(added(&telemetry.client_spans().propagate_to(|_| false)), 0);
}
