//! The tower layer.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll, Waker};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use omtx_context::TraceContext;
use omtx_tracing::client::{ClientBody, ClientSpans, MAX_VALUE_LEN, UrlTemplate};
use omtx_tracing::context::{self, WithContext};
use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{Propagators, Sampler, SpanLimits, Telemetry};
use opentelemetry::Context;
use opentelemetry::trace::{SpanKind, TraceContextExt};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{PARENT, incoming, lines, recording};

type Body0 = Empty<Bytes>;

fn get(uri: &str) -> Request<Body0> {
    Request::get(uri).body(Body0::new()).unwrap()
}

/// Sends a request through `spans`, inside `context`; the headers that the service got.
async fn headers_sent(spans: ClientSpans, context: Context, request: Request<Body0>) -> HeaderMap {
    let service = service_fn(async |request: Request<Body0>| {
        let mut response = Response::new(Body0::new());
        *response.headers_mut() = request.headers().clone();
        Ok::<_, Infallible>(response)
    });
    let call = spans.layer().layer(service).oneshot(request);
    let response = call.in_context(context).await.unwrap();
    response.headers().clone()
}

/// Calls a service that answers like this.
async fn call<B: Body>(spans: ClientSpans, response: Response<B>) -> Response<ClientBody<B>> {
    let response = RefCell::new(Some(response));
    let service = service_fn(async |_: Request<Body0>| {
        Ok::<_, Infallible>(response.borrow_mut().take().unwrap())
    });
    let call = spans.layer().layer(service).oneshot(get("http://api/"));
    call.await.unwrap()
}

fn hello() -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from("hello")))
}

#[tokio::test]
async fn a_span_says_what_the_conventions_require() {
    let (recorder, spans) = recording();
    let headers = headers_sent(
        spans,
        incoming(PARENT),
        get("https://ada:pw@api.example.com/jobs/7?sig=secret&q=1"),
    )
    .await;

    let span = recorder.span("GET");
    assert_eq!(span.kind(), &SpanKind::Client);
    assert_eq!(span.scope().name(), "omtx_tracing::client");
    assert_eq!(
        span.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert_eq!(
        span.parent_span_id().unwrap().to_string(),
        "b7ad6b7169203331"
    );
    assert_eq!(
        lines(&span),
        [
            "http.request.method=GET",
            "http.response.status_code=200",
            "network.protocol.version=1.1",
            "server.address=api.example.com",
            "server.port=443",
            "url.full=https://REDACTED:REDACTED@api.example.com/jobs/7?sig=REDACTED&q=1",
        ]
    );
    assert_eq!(
        headers["traceparent"].to_str().unwrap(),
        format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", span.span_id())
    );
    assert_eq!(headers["tracestate"], "congo=1");
    assert_eq!(headers["baggage"], "tenant=acme");
}

#[tokio::test]
async fn without_a_parent_a_call_begins_a_trace_of_random_ids() {
    let (recorder, spans) = recording();
    let headers = headers_sent(spans, Context::new(), get("http://api/")).await;
    let span = recorder.span("GET");
    assert_eq!(span.parent_span_id(), None);
    assert_eq!(
        headers["traceparent"].to_str().unwrap(),
        format!("00-{}-{}-03", span.trace_id(), span.span_id())
    );
    assert!(!headers.contains_key("tracestate"));
    assert!(!headers.contains_key("baggage"));
}

#[tokio::test]
async fn an_unsampled_trace_goes_on_with_a_span_id_of_its_own() {
    let (recorder, spans) = recording();
    let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02";
    let headers = headers_sent(spans, incoming(unsampled), get("http://api/")).await;
    assert_eq!(recorder.created(), 0);
    let sent = headers["traceparent"].to_str().unwrap();
    assert!(sent.starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
    assert!(sent.ends_with("-02"), "{sent}");
    assert!(!sent.contains("b7ad6b7169203331"), "{sent}");
    assert_eq!(headers["tracestate"], "congo=1");
    assert_eq!(headers["baggage"], "tenant=acme");
}

#[tokio::test]
async fn disabled_telemetry_passes_contexts_on_as_they_came() {
    let telemetry = Telemetry::builder("hub").disabled(true).build().unwrap();
    let headers = headers_sent(
        telemetry.client_spans(),
        incoming(PARENT),
        get("http://api/"),
    )
    .await;
    assert_eq!(headers["traceparent"], PARENT);
    assert_eq!(headers["tracestate"], "congo=1");
    assert_eq!(headers["baggage"], "tenant=acme");
}

#[tokio::test]
async fn foreign_hosts_get_no_context_and_still_have_a_span() {
    let (recorder, spans) = recording();
    let spans = spans.propagate_to(|host| host.ends_with(".internal"));
    let foreign = headers_sent(
        spans.clone(),
        incoming(PARENT),
        get("https://api.example.com/"),
    );
    assert_eq!(foreign.await, HeaderMap::new());
    let own = headers_sent(
        spans.clone(),
        incoming(PARENT),
        get("https://api.internal/"),
    )
    .await;
    assert_eq!(own.len(), 3);
    // Nobody knows where it goes.
    assert_eq!(
        headers_sent(spans, incoming(PARENT), get("/jobs")).await,
        HeaderMap::new()
    );
    assert_eq!(recorder.spans().len(), 3);
}

#[tokio::test]
async fn suppressed_telemetry_has_neither_span_nor_headers() {
    let (recorder, spans) = recording();
    let suppressed = incoming(PARENT).with_telemetry_suppressed();
    assert_eq!(
        headers_sent(spans, suppressed, get("http://api/")).await,
        HeaderMap::new()
    );
    assert_eq!(recorder.created(), 0);
}

#[tokio::test]
async fn a_relative_target_has_the_address_of_its_host_header() {
    let (recorder, spans) = recording();
    let mut request = get("/jobs?sig=secret");
    request
        .headers_mut()
        .insert("host", "api.example.com:81".parse().unwrap());
    headers_sent(spans, Context::new(), request).await;
    assert_eq!(
        lines(&recorder.span("GET"))[3..],
        [
            "server.address=api.example.com",
            "server.port=81",
            "url.path=/jobs",
            "url.query=sig=REDACTED",
        ]
    );
}

#[tokio::test]
async fn headers_are_captured_only_if_they_are_asked_for_and_credentials_never() {
    let request = || {
        let mut key = http::HeaderValue::from_static("secret");
        key.set_sensitive(true);
        Request::get("http://api/")
            .header("x-tenant", "acme")
            .header("x-api-key", key)
            .header("authorization", "Bearer secret")
            .body(Body0::new())
            .unwrap()
    };
    let (recorder, spans) = recording();
    headers_sent(spans.clone(), Context::new(), request()).await;
    let plain = lines(&recorder.span("GET"));
    assert!(!plain.iter().any(|line| line.contains(".header.")));

    recorder.clear();
    let names = [
        "x-tenant",
        "x-api-key",
        "authorization",
        "x-none",
        "traceparent",
    ];
    let names = names.map(HeaderName::from_static);
    let capturing = spans
        .request_headers(names.clone())
        .response_headers(names[..3].to_vec());
    headers_sent(capturing, incoming(PARENT), request()).await;
    let captured = lines(&recorder.span("GET"));
    let captured = captured.iter().filter(|line| line.contains(".header."));
    // The service answers with the headers that it got, and a mark of sensitivity is none on a real wire.
    assert_eq!(
        captured.collect::<Vec<_>>(),
        [
            r#"http.request.header.authorization=["REDACTED"]"#,
            r#"http.request.header.x-api-key=["REDACTED"]"#,
            r#"http.request.header.x-tenant=["acme"]"#,
            r#"http.response.header.authorization=["REDACTED"]"#,
            r#"http.response.header.x-api-key=["REDACTED"]"#,
            r#"http.response.header.x-tenant=["acme"]"#,
        ]
    );
}

#[tokio::test]
async fn values_that_are_too_long_are_cut_and_counted() {
    let (recorder, spans) = recording();
    let name = HeaderName::from_static("x-tenant");
    let spans = spans
        .request_headers([name.clone()])
        .response_headers([name]);
    let long = "x".repeat(MAX_VALUE_LEN + 1);
    let request = Request::get(format!("http://api/{long}?{long}")).header("x-tenant", &long);
    headers_sent(spans, Context::new(), request.body(Body0::new()).unwrap()).await;
    let span = recorder.span("GET");
    let kept = "x".repeat(MAX_VALUE_LEN);
    let url = format!("http://api/{}?{kept}", &kept[1..]);
    assert_eq!(span.attribute("url.full"), Some(&url.into()));
    for key in [
        "http.request.header.x-tenant",
        "http.response.header.x-tenant",
    ] {
        let value = span.attribute(key).unwrap().to_string();
        assert_eq!(value, format!(r#"["{kept}"]"#));
    }
    assert_eq!(recorder.provider().values_truncated(), 4);
}

#[tokio::test]
async fn a_template_is_part_of_the_name_and_an_unknown_method_is_not() {
    let (recorder, spans) = recording();
    let mut request = get("http://api/jobs/7");
    request.extensions_mut().insert(UrlTemplate("/jobs/{id}"));
    headers_sent(spans.clone(), Context::new(), request).await;
    let span = recorder.span("GET /jobs/{id}");
    assert_eq!(span.attribute("url.template"), Some(&"/jobs/{id}".into()));

    let mut request = get("http://api/jobs/7");
    *request.method_mut() = Method::from_bytes(b"BREW").unwrap();
    headers_sent(spans.clone(), Context::new(), request.clone()).await;
    let span = recorder.span("HTTP");
    assert_eq!(
        span.attribute("http.request.method"),
        Some(&"_OTHER".into())
    );
    assert_eq!(
        span.attribute("http.request.method_original"),
        Some(&"BREW".into())
    );

    let known = spans.known_methods([request.method().clone()]);
    headers_sent(known, Context::new(), request).await;
    let span = recorder.span("BREW");
    assert_eq!(span.attribute("http.request.method"), Some(&"BREW".into()));
    assert_eq!(span.attribute("http.request.method_original"), None);
}

#[tokio::test]
async fn to_a_client_4xx_and_5xx_are_errors() {
    for (status, failed) in [
        (200, false),
        (302, false),
        (404, true),
        (418, true),
        (503, true),
        (599, true),
    ] {
        let (recorder, spans) = recording();
        let mut response = Response::new(Body0::new());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        *response.version_mut() = Version::HTTP_2;
        call(spans, response).await;
        let lines = lines(&recorder.span("GET"));
        let error: Vec<_> = if failed {
            vec![format!("error.type={status}"), "Error()".to_owned()]
        } else {
            Vec::new()
        };
        let errors: Vec<_> = lines
            .iter()
            .filter(|line| line.starts_with(['e', 'E']))
            .cloned()
            .collect();
        assert_eq!(errors, error);
        assert!(lines.contains(&format!("http.response.status_code={status}")));
        assert!(lines.contains(&"network.protocol.version=2".to_owned()));
    }
}

#[tokio::test]
async fn a_span_ends_with_the_body_and_not_before() {
    let (recorder, spans) = recording();
    let frames = ["a", "b"].map(|data| Ok::<_, Infallible>(Frame::data(Bytes::from(data))));
    let body = StreamBody::new(futures_util::stream::iter(frames));
    let mut body = call(spans, Response::new(body)).await.into_body();
    body.frame().await.unwrap().unwrap();
    body.frame().await.unwrap().unwrap();
    assert!(recorder.spans().is_empty());
    assert!(body.frame().await.is_none());
    assert_eq!(recorder.spans().len(), 1);
    drop(body);
    assert_eq!(recorder.spans().len(), 1);
}

#[tokio::test]
async fn a_body_of_known_length_ends_the_span_with_its_last_frame() {
    let (recorder, spans) = recording();
    let mut body = call(spans, hello()).await.into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    body.frame().await.unwrap().unwrap();
    assert!(body.is_end_stream());
    assert_eq!(recorder.spans().len(), 1);
}

#[tokio::test]
async fn a_body_that_is_dropped_ends_the_span_without_an_error() {
    let (recorder, spans) = recording();
    let response = call(spans, hello()).await;
    assert!(recorder.spans().is_empty());
    drop(response);
    assert!(
        !lines(&recorder.span("GET"))
            .iter()
            .any(|line| line.starts_with("error"))
    );
}

#[tokio::test]
async fn a_body_that_fails_is_an_error_of_its_span() {
    let (recorder, spans) = recording();
    let frames = [Ok(Frame::data(Bytes::from("a"))), Err("reset")];
    let body = StreamBody::new(futures_util::stream::iter(frames));
    let response = call(spans, Response::new(body)).await;
    assert!(response.into_body().collect().await.is_err());
    let lines = lines(&recorder.span("GET"));
    assert_eq!(lines[0], "error.type=body_error");
    assert_eq!(lines.last().unwrap(), "Error()");
}

#[tokio::test]
async fn by_option_and_after_an_upgrade_a_span_ends_with_the_head() {
    for (status, option) in [(200, true), (101, false)] {
        let (recorder, spans) = recording();
        let mut response = hello();
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let response = call(spans.end_at_head(option), response).await;
        assert_eq!(recorder.spans().len(), 1);
        drop(response);
        assert_eq!(recorder.spans().len(), 1);
    }
}

#[tokio::test]
async fn a_failed_call_is_called_by_its_kind_or_as_a_closure_says() {
    let (recorder, spans) = recording();
    let refuse = || {
        service_fn(async |_: Request<Body0>| {
            Err::<Response<Body0>, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
        })
    };
    spans
        .clone()
        .layer()
        .layer(refuse())
        .oneshot(get("http://api/"))
        .await
        .unwrap_err();
    let span = recorder.span("GET");
    assert_eq!(
        span.attribute("error.type"),
        Some(&"ConnectionRefused".into())
    );
    assert_eq!(span.attribute("http.response.status_code"), None);

    recorder.clear();
    let layer = spans.layer().error_type(|_: &io::Error| "refused");
    layer
        .layer(refuse())
        .oneshot(get("http://api/"))
        .await
        .unwrap_err();
    assert_eq!(
        recorder.span("GET").attribute("error.type"),
        Some(&"refused".into())
    );
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled() {
    let (recorder, spans) = recording();
    let service = service_fn(async |_: Request<Body0>| {
        std::future::pending::<Result<Response<Body0>, Infallible>>().await
    });
    let mut service = spans.layer().layer(service);
    drop(service.call(get("http://api/")));
    assert_eq!(
        recorder.span("GET").attribute("error.type"),
        Some(&"cancelled".into())
    );

    recorder.clear();
    let mut call = Box::pin(service.call(get("http://api/")));
    let waker = Waker::noop();
    assert!(
        call.as_mut()
            .poll(&mut TaskContext::from_waker(waker))
            .is_pending()
    );
    assert!(recorder.spans().is_empty());
    drop(call);
    assert_eq!(lines(&recorder.span("GET")).last().unwrap(), "Error()");
}

#[test]
fn a_client_that_panics_is_told_from_one_that_is_dropped_by_a_panic() {
    let (recorder, spans) = recording();
    let panics = service_fn(
        async |_: Request<Body0>| -> Result<Response<Body0>, Infallible> { panic!("as told") },
    );
    let mut service = spans.clone().layer().layer(panics);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let call = pin!(service.call(get("http://api/")));
        let _ = call.poll(&mut TaskContext::from_waker(Waker::noop()));
    }));
    assert!(panicked.is_err());
    assert_eq!(
        recorder.span("GET").attribute("error.type"),
        Some(&"panicked".into())
    );

    recorder.clear();
    let waits = service_fn(async |_: Request<Body0>| {
        std::future::pending::<Result<Response<Body0>, Infallible>>().await
    });
    let mut service = spans.layer().layer(waits);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _call = service.call(get("http://api/"));
        panic!("somebody else");
    }));
    assert!(panicked.is_err());
    assert_eq!(
        recorder.span("GET").attribute("error.type"),
        Some(&"cancelled".into())
    );
}

#[test]
fn a_service_and_a_body_that_panic_are_told() {
    struct Panics;
    impl Service<Request<Body0>> for Panics {
        type Response = Response<Panics>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<Panics>, Infallible>>;
        fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, request: Request<Body0>) -> Self::Future {
            assert_ne!(request.uri().path(), "/at-once", "as told");
            std::future::ready(Ok(Response::new(Panics)))
        }
    }
    impl Body for Panics {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut TaskContext<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            panic!("as told")
        }
    }
    for uri in ["http://api/at-once", "http://api/in-its-body"] {
        let (recorder, spans) = recording();
        let mut service = spans.layer().layer(Panics);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let response = service.call(get(uri)).now_or_never().unwrap().unwrap();
            let _ = pin!(response.into_body().collect()).now_or_never();
        }));
        assert!(panicked.is_err());
        let span = recorder.span("GET");
        assert_eq!(span.attribute("error.type"), Some(&"panicked".into()));
    }
}

#[tokio::test]
async fn the_call_and_the_drop_of_it_run_inside_the_span() {
    struct Tells(Rc<RefCell<Vec<String>>>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let trace = TraceContext::current().unwrap();
            self.0.borrow_mut().push(trace.span_id().to_string());
        }
    }
    let (recorder, spans) = recording();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(async |_: Request<Body0>| {
        let _tells = Tells(seen.clone());
        let otel = Context::map_current(|context| context.span().span_context().span_id());
        seen.borrow_mut().push(otel.to_string());
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(Response::new(Body0::new()))
    });
    spans
        .layer()
        .layer(service)
        .oneshot(get("http://api/"))
        .await
        .unwrap();
    let id = recorder.span("GET").span_id().to_string();
    assert_eq!(*seen.borrow(), [id.clone(), id]);
    assert!(!context::current().has_active_span());
}

#[tokio::test]
async fn limits_and_samplers_hold_for_client_spans() {
    let recorder = SpanRecorder::with(Sampler::always_off(), SpanLimits::default());
    let spans = ClientSpans::new(&recorder.provider(), &Propagators::new([]));
    assert_eq!(
        headers_sent(spans, Context::new(), get("http://api/")).await,
        HeaderMap::new()
    );
    assert_eq!(recorder.created(), 0);
}

#[cfg(feature = "tracing")]
#[test]
fn a_call_inside_a_span_of_tracing_is_below_that_span() {
    use tracing_subscriber::layer::SubscriberExt;

    let (recorder, spans) = recording();
    let layer = omtx_tracing::LayerBuilder::new(&recorder.provider()).build();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let _charging = tracing::info_span!("charge").entered();
        let call = headers_sent(spans, context::current(), get("http://api/"));
        call.now_or_never().unwrap();
    });
    let (outer, call) = (recorder.span("charge"), recorder.span("GET"));
    assert_eq!(call.parent_span_id(), Some(outer.span_id()));
    assert_eq!(call.trace_id(), outer.trace_id());
}
