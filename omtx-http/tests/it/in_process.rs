//! The walk itself, poll by poll, without a server.

use crate::support::*;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use omtx_http::{Class, Endpoint, ObserveLayer, RequestBody};
use std::convert::Infallible;
use std::time::Duration;
use tower::{Layer, Service, ServiceExt, service_fn};

type NoBody = Empty<Bytes>;

fn request() -> Request<NoBody> {
    Request::new(Empty::new())
}

#[test]
fn a_future_that_is_never_polled_is_cancelled() {
    let (recorder, mut ends) = recorder();
    let mut service =
        ObserveLayer::new(recorder).layer(service_fn(async |_: Request<RequestBody<NoBody>>| {
            Ok::<_, Infallible>(Response::new(empty()))
        }));
    drop(service.call(request()));
    check(&ends.now(), "GET 499 cancelled");
    ends.assert_no_more();
}

#[tokio::test]
async fn a_response_that_is_dropped_unread_is_aborted() {
    let (recorder, mut ends) = recorder();
    let service =
        ObserveLayer::new(recorder).layer(service_fn(async |_: Request<RequestBody<NoBody>>| {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hello"))))
        }));
    drop(service.oneshot(request()).await.unwrap());
    let ended = ends.now();
    check(&ended, "GET 200 aborted");
    assert_eq!((ended.bytes(), ended.first_bytes), ((0, 0), 0));
    ends.assert_no_more();
}

#[tokio::test]
async fn the_last_frame_is_the_end_without_another_poll() {
    let (recorder, mut ends) = recorder();
    let service =
        ObserveLayer::new(recorder).layer(service_fn(async |_: Request<RequestBody<NoBody>>| {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hello"))))
        }));
    let mut body = service.oneshot(request()).await.unwrap().into_body();
    assert_eq!(
        (body.size_hint().exact(), body.is_end_stream()),
        (Some(5), false)
    );
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "hello"
    );
    assert_eq!(
        (body.size_hint().exact(), body.is_end_stream()),
        (Some(0), true)
    );
    check(&ends.now(), "GET 200 ok");
    assert!(body.frame().await.is_none());
    drop(body);
    ends.assert_no_more();
}

#[tokio::test]
async fn more_than_was_declared_is_handed_on_but_counts_for_nothing() {
    let (recorder, mut ends) = recorder();
    let service =
        ObserveLayer::new(recorder).layer(service_fn(async |_: Request<RequestBody<NoBody>>| {
            let body = frames(vec![data("abc"), data("def"), Err("late".into())], false);
            Ok::<_, Infallible>(
                Response::builder()
                    .header(header::CONTENT_LENGTH, 3)
                    .body(body)
                    .unwrap(),
            )
        }));
    let mut body = service.oneshot(request()).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    let ended = ends.now();
    check(&ended, "GET 200 ok");
    assert_eq!(ended.bytes(), (0, 3));
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "def"
    );
    assert!(body.frame().await.unwrap().is_err());
    ends.assert_no_more();
}

#[tokio::test]
async fn a_content_length_that_is_no_number_is_ignored() {
    let (recorder, mut ends) = recorder();
    let service =
        ObserveLayer::new(recorder).layer(service_fn(async |_: Request<RequestBody<NoBody>>| {
            let body = frames(vec![data("abc")], false);
            Ok::<_, Infallible>(
                Response::builder()
                    .header(header::CONTENT_LENGTH, "many")
                    .body(body)
                    .unwrap(),
            )
        }));
    let mut body = service.oneshot(request()).await.unwrap().into_body();
    drain(&mut body).await.unwrap();
    check(&ends.now(), "GET 200 ok");
    ends.assert_no_more();
}

#[tokio::test]
async fn a_failed_upload_outweighs_what_the_handler_made_of_it() {
    for status in [200, 400, 500] {
        let (recorder, mut ends) = recorder();
        let service = ObserveLayer::new(recorder).layer(service_fn(
            async |request: Request<RequestBody<Reply>>| {
                assert!(drain(&mut request.into_body()).await.is_err());
                Ok::<_, Infallible>(
                    Response::builder()
                        .status(status)
                        .body(full("sorry"))
                        .unwrap(),
                )
            },
        ));
        let upload = frames(vec![data("part"), Err("reset".into())], false);
        let mut body = service
            .oneshot(Request::new(upload))
            .await
            .unwrap()
            .into_body();
        drain(&mut body).await.unwrap();
        let ended = ends.now();
        check(&ended, &format!("GET {status} body_error"));
        assert_eq!(ended.bytes(), (4, 5));
        ends.assert_no_more();
    }
}

#[tokio::test]
async fn a_client_that_leaves_outweighs_a_failed_upload() {
    let (recorder, mut ends) = recorder();
    let service = ObserveLayer::new(recorder).layer(service_fn(
        async |request: Request<RequestBody<Reply>>| {
            assert!(drain(&mut request.into_body()).await.is_err());
            Ok::<_, Infallible>(Response::new(full("sorry")))
        },
    ));
    drop(
        service
            .oneshot(Request::new(frames(vec![Err("reset".into())], false)))
            .await
            .unwrap(),
    );
    check(&ends.now(), "GET 200 aborted");
    ends.assert_no_more();
}

#[tokio::test]
async fn a_successful_connect_is_an_upgrade_that_ends_at_its_head() {
    for (status, class, summary) in [
        (200, Class::Upgrade, "CONNECT 200 ok"),
        (502, Class::Unary, "CONNECT 502 error"),
    ] {
        let (recorder, mut ends) = recorder();
        let service = ObserveLayer::new(recorder).layer(service_fn(
            async |_: Request<RequestBody<NoBody>>| {
                Ok::<_, Infallible>(
                    Response::builder()
                        .status(status)
                        .body(full("tunnel"))
                        .unwrap(),
                )
            },
        ));
        let request = Request::connect("x:443").body(Empty::new()).unwrap();
        let mut body = service.oneshot(request).await.unwrap().into_body();
        if class != Class::Upgrade {
            drain(&mut body).await.unwrap();
        }
        let ended = ends.now();
        check(&ended, summary);
        assert_eq!(ended.class, class);
        ends.assert_no_more();
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_cancels_and_the_body_is_not_blamed() {
    let (recorder, mut ends) = recorder();
    let service =
        ObserveLayer::new(recorder).layer(service_fn(|_: Request<RequestBody<NoBody>>| {
            std::future::pending::<Result<Response<NoBody>, Infallible>>()
        }));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), service.oneshot(request()))
            .await
            .is_err()
    );
    check(&ends.now(), "GET 499 cancelled");
    ends.assert_no_more();
}

#[tokio::test]
async fn a_closure_chooses_the_endpoint() {
    let (recorder, mut ends) = recorder();
    let layer = ObserveLayer::new(recorder).endpoint_fn(|request| match request.uri().path() {
        path if path.starts_with("/users/") => Endpoint::from_static("/users/{id}"),
        _ => Endpoint::UNMATCHED,
    });
    let mut service = layer.layer(service_fn(async |_: Request<RequestBody<NoBody>>| {
        Ok::<_, Infallible>(Response::new(empty()))
    }));
    for (path, endpoint) in [("/users/7", "/users/{id}"), ("/x", "unmatched")] {
        service
            .call(Request::get(path).body(Empty::new()).unwrap())
            .await
            .unwrap();
        assert_eq!(ends.now().endpoint, endpoint);
    }
    ends.assert_no_more();
}

#[tokio::test]
async fn unknown_methods_are_one_label() {
    let (recorder, mut ends) = recorder();
    let mut service =
        ObserveLayer::new(recorder).layer(service_fn(async |_: Request<RequestBody<NoBody>>| {
            Ok::<_, Infallible>(Response::new(empty()))
        }));
    for (method, label) in [
        ("PROPFIND", "other"),
        ("get", "other"),
        ("QUERY", "QUERY"),
        ("PATCH", "PATCH"),
    ] {
        service
            .call(
                Request::builder()
                    .method(method)
                    .body(Empty::new())
                    .unwrap(),
            )
            .await
            .unwrap();
        assert_eq!(ends.now().method, label);
    }
    ends.assert_no_more();
}
