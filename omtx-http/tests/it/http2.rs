//! HTTP/2: streams that the client resets, and gRPC.

use crate::support::*;
use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body::Frame;
use omtx_http::Class;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

async fn connect(address: SocketAddr) -> SendRequest<Bytes> {
    let (client, connection) = h2::client::handshake(TcpStream::connect(address).await.unwrap())
        .await
        .unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

fn get() -> Request<()> {
    Request::get("http://x/").body(()).unwrap()
}

#[tokio::test]
async fn a_stream_reset_before_the_head_is_cancelled_and_its_neighbours_live() {
    let (recorder, mut ends) = recorder();
    let (entered, mut handler_entered) = mpsc::unbounded_channel();
    let address = serve(recorder, move |request: Incoming1| {
        entered.send(()).unwrap();
        async move {
            if request.method() == http::Method::GET {
                std::future::pending::<()>().await;
            }
            Ok(Response::new(full("neighbour")))
        }
    })
    .await;
    let mut client = connect(address).await;
    let (_response, mut stream) = client.send_request(get(), true).unwrap();
    handler_entered.recv().await.unwrap();
    stream.send_reset(h2::Reason::CANCEL);
    check(&ends.next().await, "GET 499 cancelled");

    let put = Request::put("http://x/").body(()).unwrap();
    let (response, _) = client.send_request(put, true).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "neighbour");
    check(&ends.next().await, "PUT 200 ok");
    ends.assert_no_more();
}

#[tokio::test]
async fn a_stream_reset_in_the_middle_of_its_body_is_aborted() {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |_| async {
        Ok(Response::new(frames(vec![data("first")], true)))
    })
    .await;
    let mut client = connect(address).await;
    let (response, mut stream) = client.send_request(get(), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "first");
    stream.send_reset(h2::Reason::CANCEL);
    let ended = ends.next().await;
    check(&ended, "GET 200 aborted");
    assert_eq!(ended.bytes(), (0, 5));
    ends.assert_no_more();
}

#[tokio::test]
async fn an_upload_reset_under_the_handler_has_one_end() {
    let (recorder, mut ends) = recorder();
    let (progress, mut handler) = mpsc::unbounded_channel();
    let address = serve(recorder, move |request: Incoming1| {
        let progress = progress.clone();
        async move {
            use http_body_util::BodyExt;
            let mut body = request.into_body();
            body.frame().await.unwrap()?;
            progress.send(()).unwrap();
            drain(&mut body).await?;
            Ok(Response::new(empty()))
        }
    })
    .await;
    let mut client = connect(address).await;
    let post = Request::post("http://x/").body(()).unwrap();
    let (_response, mut stream) = client.send_request(post, false).unwrap();
    stream
        .send_data(Bytes::from_static(b"part"), false)
        .unwrap();
    handler.recv().await.unwrap();
    stream.send_reset(h2::Reason::CANCEL);
    let ended = ends.next().await;
    // Whether hyper first drops the handler or first tells it is a race; the handler here turns the error into its own.
    assert!(
        ["POST 499 cancelled", "POST 500 error"].contains(&&*ended.summary()),
        "{ended:?}"
    );
    assert_eq!(ended.bytes(), (4, 0));
    ends.assert_no_more();
}

#[tokio::test]
async fn a_connection_that_vanishes_ends_all_of_its_streams() {
    let (recorder, mut ends) = recorder();
    let (entered, mut handler_entered) = mpsc::unbounded_channel();
    let address = serve(recorder, move |_| {
        entered.send(()).unwrap();
        std::future::pending()
    })
    .await;
    let (client, connection) = h2::client::handshake(TcpStream::connect(address).await.unwrap())
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(client.send_request(get(), true).unwrap());
        client = client.ready().await.unwrap();
        handler_entered.recv().await.unwrap();
    }
    connection.abort();
    for _ in 0..10 {
        check(&ends.next().await, "GET 499 cancelled");
    }
    ends.assert_no_more();
}

fn grpc_headers(status: &str) -> HeaderMap {
    HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_str(status).unwrap(),
    )])
}

async fn grpc(
    respond: impl Fn() -> Response<Reply> + Clone + Send + 'static,
) -> (Option<HeaderMap>, Ended) {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, move |_| {
        let mut response = respond();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/grpc+proto"),
        );
        async move { Ok(response) }
    })
    .await;
    let mut client = connect(address).await;
    let (response, _) = client.send_request(get(), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.unwrap();
        body.flow_control().release_capacity(chunk.len()).unwrap();
    }
    let trailers = body.trailers().await.unwrap();
    let ended = ends.next().await;
    assert_eq!(ended.class, Class::Grpc);
    ends.assert_no_more();
    (trailers, ended)
}

#[tokio::test]
async fn the_grpc_status_in_the_trailers_decides() {
    for (status, summary) in [
        ("0", "GET 200 ok"),
        ("2", "GET 200 error"),
        ("4", "GET 200 error"),
        ("5", "GET 200 ok"),
        ("8", "GET 200 ok"),
        ("12", "GET 200 error"),
        ("13", "GET 200 error"),
        ("14", "GET 200 error"),
        ("15", "GET 200 error"),
        ("16", "GET 200 ok"),
    ] {
        let (trailers, ended) = grpc(move || {
            let message = data(&b"\0\0\0\0\x02hi"[..]);
            let mut response = Response::new(frames(
                vec![message, Ok(Frame::trailers(grpc_headers(status)))],
                true,
            ));
            // A declared length must not end it before its trailers.
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, 7.into());
            response
        })
        .await;
        assert_eq!(trailers.unwrap()["grpc-status"], status);
        check(&ended, summary);
        assert_eq!(ended.end.grpc_status(), Some(status.parse().unwrap()));
        assert_eq!(ended.bytes(), (0, 7));
    }
}

#[tokio::test]
async fn a_trailers_only_grpc_response_has_its_status_in_the_head() {
    for (status, summary) in [
        ("0", "GET 200 ok"),
        ("7", "GET 200 ok"),
        ("14", "GET 200 error"),
    ] {
        let (_, ended) = grpc(move || {
            let mut response = Response::new(empty());
            *response.headers_mut() = grpc_headers(status);
            response
        })
        .await;
        check(&ended, summary);
        assert_eq!(ended.end.grpc_status(), Some(status.parse().unwrap()));
        assert_eq!(ended.end.head_duration(), Some(ended.end.duration()));
    }
}

#[tokio::test]
async fn a_grpc_response_without_a_status_is_judged_by_its_http_status() {
    let (_, ended) = grpc(|| Response::new(frames(vec![data("x")], false))).await;
    check(&ended, "GET 200 ok");
    assert_eq!(ended.end.grpc_status(), None);
    let (_, ended) = grpc(|| {
        let mut response = Response::new(empty());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
    .await;
    check(&ended, "GET 502 error");
}

#[tokio::test]
async fn a_grpc_status_that_is_no_number_is_none() {
    let (_, ended) = grpc(|| {
        Response::new(frames(
            vec![Ok(Frame::trailers(grpc_headers("fine")))],
            true,
        ))
    })
    .await;
    check(&ended, "GET 200 ok");
    assert_eq!(ended.end.grpc_status(), None);
}
