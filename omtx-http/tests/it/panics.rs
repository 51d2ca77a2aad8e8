//! Panics in handlers and bodies, with and without a layer that catches them.

use crate::support::*;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, StreamBody};
use omtx_http::{ObserveLayer, RequestBody};
use std::convert::Infallible;
use tokio::io::AsyncReadExt;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

type NoBody = Empty<Bytes>;

async fn panics(_: Request<RequestBody<NoBody>>) -> Result<Response<NoBody>, Infallible> {
    panic!("the handler's own panic")
}

fn request() -> Request<NoBody> {
    Request::new(Empty::new())
}

#[tokio::test]
async fn a_panicking_handler_ends_as_panicked_and_the_panic_goes_on() {
    let (recorder, mut ends) = recorder();
    let service = ObserveLayer::new(recorder).layer(service_fn(panics));
    let panic = tokio::spawn(service.oneshot(request()))
        .await
        .unwrap_err()
        .into_panic();
    assert_eq!(
        *panic.downcast::<&str>().unwrap(),
        "the handler's own panic"
    );
    let ended = ends.now();
    check(&ended, "GET 500 panicked");
    assert_eq!((ended.head_status, ended.end.head_duration()), (None, None));
    ends.assert_no_more();
}

#[tokio::test]
async fn a_panic_behind_a_socket_has_one_end_and_the_server_lives() {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |request: Incoming1| async move {
        assert_ne!(request.uri().path(), "/panic", "as the test asked");
        Ok(Response::new(full("alive")))
    })
    .await;
    let mut stream = send(address, "GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut wire = Vec::new();
    let _ = stream.read_to_end(&mut wire).await;
    check(&ends.next().await, "GET 500 panicked");
    read_until(
        &mut send(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await,
        "alive",
    )
    .await;
    check(&ends.next().await, "GET 200 ok");
    ends.assert_no_more();
}

#[tokio::test]
async fn under_a_layer_that_catches_outside_it_is_panicked() {
    let (recorder, mut ends) = recorder();
    let observed = ObserveLayer::new(recorder).layer(service_fn(panics));
    let response = CatchPanicLayer::new()
        .layer(observed)
        .oneshot(request())
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
    check(&ends.now(), "GET 500 panicked");
    ends.assert_no_more();
}

#[tokio::test]
async fn under_a_layer_that_catches_inside_it_is_the_error_that_the_client_sees() {
    let (recorder, mut ends) = recorder();
    let caught = CatchPanicLayer::new().layer(service_fn(panics));
    let response = ObserveLayer::new(recorder)
        .layer(caught)
        .oneshot(request())
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
    drain(&mut response.into_body()).await.unwrap();
    check(&ends.now(), "GET 500 error");
    ends.assert_no_more();
}

#[tokio::test]
async fn a_panic_in_the_call_itself_is_panicked() {
    let (recorder, mut ends) = recorder();
    let mut service =
        ObserveLayer::new(recorder).layer(service_fn(|_: Request<RequestBody<NoBody>>| {
            if true {
                panic!("before there is a future");
            }
            std::future::ready(Ok::<Response<NoBody>, Infallible>(Response::new(
                Empty::new(),
            )))
        }));
    let called = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(service.call(request()))
    }));
    assert!(called.is_err());
    check(&ends.now(), "GET 500 panicked");
    ends.assert_no_more();
}

#[tokio::test]
async fn a_panic_in_a_body_is_panicked_and_its_bytes_stay_counted() {
    let (recorder, mut ends) = recorder();
    let service =
        ObserveLayer::new(recorder).layer(service_fn(async |_: Request<RequestBody<NoBody>>| {
            let frames = stream::iter([1, 0]).map(|divisor| data(vec![b'x'; 8 / divisor]));
            let body: UnsyncBoxBody<_, _> = StreamBody::new(frames).boxed_unsync();
            Ok::<_, Infallible>(Response::new(body))
        }));
    use futures_util::StreamExt;
    let mut body = service.oneshot(request()).await.unwrap().into_body();
    assert!(
        tokio::spawn(async move { drain(&mut body).await })
            .await
            .unwrap_err()
            .is_panic()
    );
    let ended = ends.now();
    check(&ended, "GET 500 panicked");
    assert_eq!((ended.head_status, ended.bytes()), (Some(200), (0, 8)));
    ends.assert_no_more();
}

#[tokio::test]
async fn an_innocent_future_dropped_in_anothers_unwind_is_cancelled() {
    let (recorder, mut ends) = recorder();
    let mut service =
        ObserveLayer::new(recorder).layer(service_fn(|_: Request<RequestBody<NoBody>>| {
            std::future::pending::<Result<Response<NoBody>, Infallible>>()
        }));
    let future = service.call(request());
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _innocent = future;
        panic!("someone else's");
    }));
    assert!(unwound.is_err());
    check(&ends.now(), "GET 499 cancelled");
    ends.assert_no_more();
}

#[tokio::test]
async fn a_panic_in_the_request_body_is_the_handlers() {
    let (recorder, mut ends) = recorder();
    let service = ObserveLayer::new(recorder).layer(service_fn(
        async |request: Request<RequestBody<Reply>>| {
            drain(&mut request.into_body())
                .await
                .map(|_| Response::new(empty()))
        },
    ));
    let frames = stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
            panic!("the upload's")
        },
    );
    let request = Request::new(StreamBody::new(frames).boxed_unsync());
    assert!(
        tokio::spawn(service.oneshot(request))
            .await
            .unwrap_err()
            .is_panic()
    );
    check(&ends.now(), "GET 500 panicked");
    ends.assert_no_more();
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

#[test]
fn a_panic_while_the_future_is_dropped_is_the_one_end() {
    for in_an_unwind in [false, true] {
        let (recorder, mut ends) = recorder();
        let mut service =
            ObserveLayer::new(recorder).layer(service_fn(|_: Request<RequestBody<NoBody>>| {
                let bomb = Bomb;
                async move {
                    let _bomb = bomb;
                    std::future::pending::<Result<Response<NoBody>, Infallible>>().await
                }
            }));
        let future = service.call(request());
        if in_an_unwind {
            drop_in_an_unwind(future);
        } else {
            let dropped = std::panic::AssertUnwindSafe(|| drop(future));
            assert!(std::panic::catch_unwind(dropped).is_err());
        }
        check(&ends.now(), "GET 500 panicked");
        ends.assert_no_more();
    }
}

#[tokio::test]
async fn a_panic_while_the_body_is_dropped_is_the_one_end() {
    for in_an_unwind in [false, true] {
        let (recorder, mut ends) = recorder();
        let service = ObserveLayer::new(recorder).layer(service_fn(
            async |_: Request<RequestBody<NoBody>>| {
                let bomb = Bomb;
                let frames = stream::poll_fn(move |_| {
                    let _ = &bomb;
                    std::task::Poll::Pending::<Option<Result<http_body::Frame<Bytes>, Infallible>>>
                });
                Ok::<_, Infallible>(Response::new(StreamBody::new(frames)))
            },
        ));
        let body = service.oneshot(request()).await.unwrap().into_body();
        if in_an_unwind {
            drop_in_an_unwind(body);
        } else {
            let dropped = std::panic::AssertUnwindSafe(|| drop(body));
            assert!(std::panic::catch_unwind(dropped).is_err());
        }
        check(&ends.now(), "GET 500 panicked");
        ends.assert_no_more();
    }
}
