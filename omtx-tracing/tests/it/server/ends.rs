//! How a request ended, as its span says it.

use std::convert::Infallible;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::{FutureExt, StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use omtx_http::ObserveLayer;
use omtx_tracing::testing::{RecordedSpan, SpanRecorder};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Status, get_active_span};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{empty, lines, request, send, spans, text};

fn app() -> (SpanRecorder, Router) {
    let (recorder, spans) = spans();
    let bytes = |n: usize| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; n]));
    let app = Router::new()
        .route(
            "/status/{code}",
            get(async |code: axum::extract::Path<u16>| StatusCode::from_u16(code.0).unwrap()),
        )
        .route("/never", get(pending::<()>))
        .route(
            "/stream",
            get(async move || Body::from_stream(stream::iter([bytes(3)]).chain(stream::pending()))),
        )
        .route(
            "/broken",
            get(async move || {
                let broken = Err(std::io::Error::other("disk gone"));
                Body::from_stream(stream::iter([bytes(3), broken]))
            }),
        )
        .route("/panic", get(async || -> () { panic!("on purpose") }))
        .route("/upload", post(async |body: Bytes| drop(body)))
        .layer(omtx_http::axum_layer(spans));
    (recorder, app)
}

#[track_caller]
fn only(recorder: &SpanRecorder) -> RecordedSpan {
    let mut spans = recorder.spans();
    assert_eq!((spans.len(), recorder.created()), (1, 1));
    spans.remove(0)
}

/// What the status says besides `error.type`, as the manual's table has it.
fn description(error: &str) -> &'static str {
    match error {
        "cancelled" => "dropped before the response: the client went away, or a timeout fired",
        "aborted" => "the response was dropped before its end: the client went away",
        "panicked" => "the handler or a body panicked",
        "body_error" => "the body of the request or of the response broke off",
        "error" => "the service failed instead of answering",
        _ => "",
    }
}

#[track_caller]
fn check(span: &RecordedSpan, status: Option<i64>, error: Option<&str>, event: Option<&str>) {
    let failed = error.map_or(Status::Unset, |error| Status::error(description(error)));
    assert_eq!(*span.status(), failed, "{:#?}", lines(span));
    assert_eq!(
        span.attribute("http.response.status_code"),
        status.map(Into::into).as_ref()
    );
    assert_eq!(
        span.attribute("error.type"),
        error.map(|error| error.to_owned().into()).as_ref()
    );
    let events: Vec<_> = span
        .events()
        .iter()
        .map(|event| event.name.as_ref())
        .collect();
    assert_eq!(events, event.into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn only_a_5xx_is_an_error_of_the_server() {
    for (status, error) in [
        (200, None),
        (302, None),
        (404, None),
        (429, None),
        (500, Some("500")),
        (503, Some("503")),
        (599, Some("599")),
    ] {
        let (recorder, app) = app();
        send(&app, empty(request(&format!("/status/{status}")))).await;
        check(&only(&recorder), Some(status), error, None);
    }
}

#[tokio::test]
async fn a_span_ends_with_the_last_byte_of_the_body() {
    let (recorder, app) = app();
    let response = app.oneshot(empty(request("/stream"))).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(
        body.frame()
            .await
            .unwrap()
            .unwrap()
            .into_data()
            .unwrap()
            .len(),
        3
    );
    assert!(recorder.spans().is_empty(), "the response goes on");
    drop(body);
    let span = only(&recorder);
    check(&span, Some(200), Some("aborted"), Some("aborted"));
    let sent = KeyValue::new("http.response.body.size", 3);
    assert_eq!(span.events()[0].attributes, [sent]);
}

#[tokio::test]
async fn a_request_that_was_given_up_before_the_response_is_cancelled() {
    let (recorder, app) = app();
    assert!(
        app.oneshot(empty(request("/never")))
            .now_or_never()
            .is_none()
    );
    let span = only(&recorder);
    check(&span, None, Some("cancelled"), Some("cancelled"));
    assert_eq!(span.events()[0].attributes, [], "nothing was sent");
}

#[tokio::test]
async fn a_panic_is_an_exception() {
    let (recorder, app) = app();
    let call = AssertUnwindSafe(app.oneshot(empty(request("/panic"))));
    assert!(call.catch_unwind().await.is_err());
    let span = only(&recorder);
    check(&span, None, Some("panicked"), Some("exception"));
    let kind = KeyValue::new("exception.type", "panic");
    assert_eq!(span.events()[0].attributes, [kind]);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_whatever_status_was_sent() {
    let (recorder, app) = app();
    let response = app
        .clone()
        .oneshot(empty(request("/broken")))
        .await
        .unwrap();
    assert!(response.into_body().collect().await.is_err());
    check(
        &only(&recorder),
        Some(200),
        Some("body_error"),
        Some("body_error"),
    );

    recorder.clear();
    let broken = Err::<Bytes, _>(std::io::Error::other("connection reset"));
    let upload = Request::post("/upload").body(Body::from_stream(stream::iter([broken])));
    send(&app, upload.unwrap()).await;
    check(
        &recorder.span("POST /upload"),
        Some(400),
        Some("body_error"),
        Some("body_error"),
    );
}

#[tokio::test]
async fn a_service_that_fails_instead_of_answering_is_an_error() {
    let (recorder, spans) = spans();
    let mut service = ObserveLayer::new(spans).layer(service_fn(async |_: Request<_>| {
        Err::<Response<Full<Bytes>>, _>("no answer")
    }));
    let request = Request::new(Full::new(Bytes::new()));
    assert_eq!(service.call(request).await.map(drop), Err("no answer"));
    check(&only(&recorder), None, Some("error"), None);
}

#[tokio::test]
async fn a_grpc_call_is_judged_by_its_own_status() {
    for (code, error) in [
        ("0", None),
        ("5", None),
        ("13", Some("INTERNAL")),
        ("14", Some("UNAVAILABLE")),
    ] {
        let (recorder, spans) = spans();
        let service = ObserveLayer::new(spans).layer(service_fn(async |_: Request<_>| {
            let trailers = http::HeaderMap::from_iter([(
                "grpc-status".parse().unwrap(),
                code.parse().unwrap(),
            )]);
            let body = Full::new(Bytes::from_static(b"x"))
                .with_trailers(std::future::ready(Some(Ok::<_, Infallible>(trailers))));
            let response = Response::builder().header("content-type", "application/grpc");
            Ok::<_, Infallible>(response.body(body).unwrap())
        }));
        let request = Request::post("/hub.Jobs/Submit").version(http::Version::HTTP_2);
        let response = service
            .oneshot(request.body(Full::new(Bytes::new())).unwrap())
            .await;
        response.unwrap().into_body().collect().await.unwrap();
        let span = only(&recorder);
        check(&span, Some(200), error, None);
        let code: i64 = code.parse().unwrap();
        assert_eq!(span.attribute("rpc.grpc.status_code"), Some(&code.into()));
    }
}

#[tokio::test]
async fn what_a_handler_says_of_its_own_failure_stays() {
    let (recorder, spans) = spans();
    let fails = async || {
        get_active_span(|span| span.set_status(Status::error("the database is away")));
        StatusCode::SERVICE_UNAVAILABLE
    };
    let forgives = async || {
        get_active_span(|span| span.set_status(Status::Ok));
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let gives_up = async || {
        get_active_span(|span| span.set_status(Status::error("the queue is full")));
        pending::<()>().await;
    };
    let app = Router::new()
        .route("/fails", get(fails))
        .route("/forgives", get(forgives))
        .route("/gives-up", get(gives_up))
        .layer(omtx_http::axum_layer(spans));
    send(&app, empty(request("/fails"))).await;
    send(&app, empty(request("/forgives"))).await;
    let span = recorder.span("GET /fails");
    assert_eq!(*span.status(), Status::error("the database is away"));
    assert_eq!(text(&span, "error.type"), "503");
    assert_eq!(*recorder.span("GET /forgives").status(), Status::Ok);

    let given_up = send(&app, empty(request("/gives-up"))).now_or_never();
    assert!(given_up.is_none());
    let span = recorder.span("GET /gives-up");
    assert_eq!(*span.status(), Status::error("the queue is full"));
    assert_eq!(text(&span, "error.type"), "cancelled");
}

#[tokio::test]
async fn an_end_is_never_before_its_start_and_as_long_as_the_request() {
    let (recorder, spans) = spans();
    let slow = async || tokio::time::sleep(Duration::from_millis(5)).await;
    let app = Router::new()
        .route("/slow", get(slow))
        .layer(omtx_http::axum_layer((
            spans,
            omtx_http::on_end(|slot, end| {
                assert!(slot.trace().is_some() && end.duration() >= Duration::from_millis(5))
            }),
        )));
    send(&app, empty(request("/slow"))).await;
    let span = only(&recorder);
    let took = span.end_time().duration_since(span.start_time()).unwrap();
    assert!(took >= Duration::from_millis(5));
}

#[tokio::test]
async fn a_span_that_its_handler_ended_leaves_the_ends_of_others_alone() {
    let (recorder, spans) = spans();
    let app = Router::new()
        .route("/", get(async || get_active_span(|span| span.end())))
        .layer(omtx_http::axum_layer(spans));
    send(&app, empty(request("/"))).await;
    assert_eq!(
        recorder
            .span("GET /")
            .attribute("http.response.status_code"),
        None
    );

    // Long ago, as the caller says; and not when the request ended.
    let tracer = opentelemetry::trace::TracerProvider::tracer(&recorder.provider(), "hub");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(2);
    let builder = opentelemetry::trace::SpanBuilder::from_name("import")
        .with_start_time(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1));
    let mut span = opentelemetry::trace::Tracer::build(&tracer, builder);
    opentelemetry::trace::Span::end_with_timestamp(&mut span, long_ago);
    assert_eq!(recorder.span("import").end_time(), long_ago);
}
