//! Axum's own body type on both sides.

use crate::support::*;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request, Response, header};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use omtx_http::{Class, ObserveLayer, axum_layer};
use std::convert::Infallible;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

async fn ask(router: Router, request: Request<Body>) -> (Response<Body>, Ends) {
    let (recorder, ends) = recorder();
    (
        router
            .layer(axum_layer(recorder))
            .oneshot(request)
            .await
            .unwrap(),
        ends,
    )
}

fn get_root() -> Request<Body> {
    Request::get("/").body(Body::empty()).unwrap()
}

#[tokio::test]
async fn hints_stay_truthful_so_that_axum_declares_the_length() {
    let (response, mut ends) =
        ask(Router::new().route("/", get(async || "hello")), get_root()).await;
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "5");
    let mut body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    drain(&mut body).await.unwrap();
    let ended = ends.now();
    check(&ended, "GET 200 ok");
    assert_eq!(ended.bytes(), (0, 5));
    ends.assert_no_more();
}

#[tokio::test]
async fn an_empty_response_is_over_at_its_head_and_still_declares_no_bytes() {
    let (response, mut ends) = ask(Router::new().route("/", get(async || ())), get_root()).await;
    check(&ends.now(), "GET 200 ok");
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "0");
    assert!(response.body().is_end_stream());
    ends.assert_no_more();
}

#[tokio::test]
async fn uploads_are_counted_also_when_they_break_the_limit() {
    let echo = Router::new()
        .route("/", post(async |body: Bytes| body))
        .layer(DefaultBodyLimit::max(10));
    let (response, mut ends) = ask(
        echo.clone(),
        Request::post("/").body(Body::from("0123456789")).unwrap(),
    )
    .await;
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "0123456789"
    );
    let ended = ends.now();
    check(&ended, "POST 200 ok");
    assert_eq!(ended.bytes(), (10, 10));

    let upload = Body::from_stream(stream::iter([
        Ok::<_, Infallible>("0123456789"),
        Ok("more"),
    ]));
    let (response, mut ends) = ask(echo, Request::post("/").body(upload).unwrap()).await;
    assert_eq!(response.status(), 413);
    drain(&mut response.into_body()).await.unwrap();
    let ended = ends.now();
    // The limit is the extractor's: the body itself did not fail.
    check(&ended, "POST 413 ok");
    assert_eq!(ended.bytes().0, 14);
}

#[tokio::test]
async fn trailers_pass_through_a_boxed_body() {
    let router = Router::new().route(
        "/",
        get(async || {
            let trailers = HeaderMap::from_iter([(header::ETAG, "\"7\"".parse().unwrap())]);
            let frames = [
                Ok::<_, Infallible>(Frame::data(Bytes::from("x"))),
                Ok(Frame::trailers(trailers)),
            ];
            Body::new(StreamBody::new(stream::iter(frames)))
        }),
    );
    let (response, mut ends) = ask(router, get_root()).await;
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()[header::ETAG], "\"7\"");
    check(&ends.now(), "GET 200 ok");
    ends.assert_no_more();
}

#[tokio::test]
async fn another_response_body_below_the_layer_becomes_axums() {
    let (recorder, mut ends) = recorder();
    let service = ObserveLayer::axum(recorder).layer(service_fn(async |request: Request<Body>| {
        drain(&mut request.into_body()).await.unwrap();
        Ok::<_, Infallible>(Response::new(full("hi")))
    }));
    let response: Response<Body> = service
        .oneshot(Request::new(Body::from("hello")))
        .await
        .unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "hi"
    );
    assert_eq!(ends.now().bytes(), (5, 2));
    ends.assert_no_more();
}

#[tokio::test]
async fn a_caught_panic_is_panicked_outside_and_error_inside() {
    let routes = || {
        Router::new().route(
            "/",
            get(async || {
                if true {
                    panic!("the handler's own panic");
                }
            }),
        )
    };
    let (recorder, mut ends) = recorder();
    let outside = routes()
        .layer(axum_layer(recorder))
        .layer(CatchPanicLayer::new());
    assert_eq!(outside.oneshot(get_root()).await.unwrap().status(), 500);
    let ended = ends.now();
    check(&ended, "GET 500 panicked");
    assert_eq!(ended.endpoint, "/");
    ends.assert_no_more();

    let (response, mut ends) = ask(routes().layer(CatchPanicLayer::new()), get_root()).await;
    drain(&mut response.into_body()).await.unwrap();
    check(&ends.now(), "GET 500 error");
    ends.assert_no_more();
}

#[tokio::test]
async fn an_event_stream_over_a_socket_is_streaming_and_aborted() {
    let (recorder, mut ends) = recorder();
    let events = async || {
        let first = stream::iter([Ok::<_, Infallible>(Event::default().data("one"))]);
        Sse::new(first.chain(stream::pending()))
    };
    let app = Router::new()
        .route("/events", get(events))
        .layer(axum_layer(recorder));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut stream = send(address, "GET /events HTTP/1.1\r\nhost: x\r\n\r\n").await;
    read_until(&mut stream, "data: one").await;
    drop(stream);
    let ended = ends.next().await;
    check(&ended, "GET 200 aborted");
    assert_eq!(
        (ended.class, ended.endpoint.as_str()),
        (Class::Streaming, "/events")
    );
    ends.assert_no_more();
}

#[tokio::test]
async fn head_through_a_get_route_ends_at_the_head() {
    let (recorder, mut ends) = recorder();
    let app = Router::new()
        .route("/", get(async || "hello"))
        .layer(axum_layer(recorder));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut stream = send(
        address,
        "HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    .await;
    let mut wire = String::new();
    stream.read_to_string(&mut wire).await.unwrap();
    assert!(wire.contains("content-length: 5\r\n"), "{wire}");
    check(&ends.next().await, "HEAD 200 ok");
    ends.assert_no_more();
}
