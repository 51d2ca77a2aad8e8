//! HTTP/1 over raw sockets.

use crate::support::*;
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body::Frame;
use omtx_http::Class;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

/// Serves `respond()` to one request and returns what went over the wire, up to the close, and the end.
async fn exchange(
    request: &str,
    respond: impl Fn() -> Response<Reply> + Clone + Send + 'static,
) -> (String, Ended) {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, move |_| {
        let response = respond();
        async move { Ok(response) }
    })
    .await;
    let mut stream = send(address, request).await;
    let mut wire = String::new();
    stream.read_to_string(&mut wire).await.unwrap();
    let ended = ends.next().await;
    ends.assert_no_more();
    (wire, ended)
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_client_that_hangs_up_before_the_response_is_cancelled() {
    let (recorder, mut ends) = recorder();
    let (entered, mut handler_entered) = mpsc::unbounded_channel();
    let address = serve(recorder, move |_| {
        entered.send(()).unwrap();
        std::future::pending()
    })
    .await;

    let stream = send(address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    handler_entered.recv().await.unwrap();
    drop(stream);

    let ended = ends.next().await;
    check(&ended, "GET 499 cancelled");
    assert_eq!(
        (ended.heads, ended.head_status, ended.end.head_duration()),
        (0, None, None)
    );
    ends.assert_no_more();
}

#[tokio::test]
async fn a_client_that_hangs_up_in_the_middle_of_a_body_has_aborted_it() {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |_| async {
        Ok(Response::new(frames(vec![data("first")], true)))
    })
    .await;

    let mut stream = send(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    read_until(&mut stream, "first").await;
    drop(stream);

    let ended = ends.next().await;
    check(&ended, "GET 200 aborted");
    assert_eq!(
        (ended.bytes(), ended.first_bytes, ended.heads),
        ((0, 5), 1, 1)
    );
    assert!(ended.end.head_duration() <= Some(ended.end.duration()));
    ends.assert_no_more();
}

#[tokio::test]
async fn a_full_body_keeps_its_content_length_and_ends_ok() {
    let (wire, ended) = exchange(GET, || Response::new(full("hello"))).await;
    assert!(
        wire.to_lowercase().contains("content-length: 5\r\n") && wire.ends_with("\r\n\r\nhello"),
        "{wire}"
    );
    check(&ended, "GET 200 ok");
    assert_eq!((ended.bytes(), ended.first_bytes), ((0, 5), 1));
}

#[tokio::test]
async fn an_empty_body_ends_at_its_head() {
    let (wire, ended) = exchange(GET, || Response::new(empty())).await;
    assert!(
        wire.to_lowercase().contains("content-length: 0\r\n"),
        "{wire}"
    );
    check(&ended, "GET 200 ok");
    assert_eq!(
        (ended.first_bytes, ended.end.head_duration()),
        (0, Some(ended.end.duration()))
    );
}

#[tokio::test]
async fn a_stream_with_a_content_length_ends_when_that_has_been_delivered() {
    let respond = || {
        // Never yields `None`: only the declared length can end it.
        let body = frames(vec![data("hel"), data(""), data("lo")], true);
        Response::builder()
            .header(header::CONTENT_LENGTH, 5)
            .body(body)
            .unwrap()
    };
    let (wire, ended) = exchange(GET, respond).await;
    assert!(wire.ends_with("\r\n\r\nhello"), "{wire}");
    check(&ended, "GET 200 ok");
    assert_eq!(ended.bytes(), (0, 5));
}

#[tokio::test]
async fn a_declared_grpc_web_stream_ends_when_it_has_been_delivered() {
    let respond = || {
        Response::builder()
            .header(header::CONTENT_TYPE, "application/grpc-web+proto")
            .header(header::CONTENT_LENGTH, 3)
            .body(frames(vec![data("abc")], true))
            .unwrap()
    };
    let (_, ended) = exchange(GET, respond).await;
    check(&ended, "GET 200 ok");
    assert_eq!((ended.class, ended.end.grpc_status()), (Class::Grpc, None));
}

#[tokio::test]
async fn a_chunked_stream_ends_with_its_last_chunk() {
    let (wire, ended) = exchange(GET, || {
        Response::new(frames(vec![data("a"), data("b")], false))
    })
    .await;
    assert!(wire.ends_with("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"), "{wire}");
    check(&ended, "GET 200 ok");
}

#[tokio::test]
async fn trailers_pass_through_and_end_the_body() {
    let respond = || {
        let trailers = HeaderMap::from_iter([(
            header::HeaderName::from_static("x-sum"),
            "7".parse().unwrap(),
        )]);
        Response::builder()
            .header(header::TRAILER, "x-sum")
            // The body stays open after its trailers: they are the end.
            .body(frames(vec![data("a"), Ok(Frame::trailers(trailers))], true))
            .unwrap()
    };
    let request = GET.replace("connection: close", "te: trailers\r\nconnection: close");
    let (wire, ended) = exchange(&request, respond).await;
    assert!(wire.ends_with("1\r\na\r\n0\r\nx-sum: 7\r\n\r\n"), "{wire}");
    check(&ended, "GET 200 ok");
}

#[tokio::test]
async fn head_responses_end_at_their_head_whatever_they_declare() {
    let (wire, ended) =
        exchange(&GET.replace("GET", "HEAD"), || Response::new(full("hello"))).await;
    assert!(
        wire.to_lowercase().contains("content-length: 5\r\n") && wire.ends_with("\r\n\r\n"),
        "{wire}"
    );
    check(&ended, "HEAD 200 ok");
    assert_eq!(ended.bytes(), (0, 0));
    assert_eq!(ended.end.head_duration(), Some(ended.end.duration()));
}

#[tokio::test]
async fn responses_without_content_end_at_their_head() {
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
        let (_, ended) = exchange(GET, move || {
            // Even if the application leaves an endless body on them.
            let mut response = Response::new(frames(vec![], true));
            *response.status_mut() = status;
            response
        })
        .await;
        check(&ended, &format!("GET {} ok", status.as_u16()));
        assert_eq!(ended.end.head_duration(), Some(ended.end.duration()));
    }
}

#[tokio::test]
async fn a_body_error_is_a_body_error_and_hides_the_status_from_no_one() {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |_| async {
        Ok(Response::new(frames(
            vec![data("part"), Err("disk on fire".into())],
            true,
        )))
    })
    .await;
    let mut stream = send(address, GET).await;
    let mut wire = Vec::new();
    let _ = stream.read_to_end(&mut wire).await;
    let ended = ends.next().await;
    check(&ended, "GET 200 body_error");
    assert_eq!(ended.bytes(), (0, 4));
    ends.assert_no_more();
}

#[tokio::test]
async fn server_errors_are_errors_and_client_errors_are_not() {
    for (status, summary) in [
        (503, "GET 503 error"),
        (599, "GET 599 error"),
        (404, "GET 404 ok"),
        (302, "GET 302 ok"),
    ] {
        let (_, ended) = exchange(GET, move || {
            Response::builder().status(status).body(full("x")).unwrap()
        })
        .await;
        check(&ended, summary);
    }
}

#[tokio::test]
async fn a_service_that_fails_without_a_response_is_an_error_500() {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |_| async { Err("no backend".into()) }).await;
    let mut stream = send(address, GET).await;
    let mut wire = Vec::new();
    let _ = stream.read_to_end(&mut wire).await;
    let ended = ends.next().await;
    check(&ended, "GET 500 error");
    assert_eq!(
        (ended.head_status, ended.heads, ended.end.head_duration()),
        (None, 0, None)
    );
    ends.assert_no_more();
}

#[tokio::test]
async fn pipelined_requests_end_one_by_one_in_order() {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |request: Incoming1| async move {
        let length: usize = request.uri().path()[1..].parse().unwrap();
        Ok(Response::new(full(vec![b'x'; length])))
    })
    .await;
    let pipeline = "GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\nGET /3 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut stream = send(address, pipeline).await;
    let mut wire = String::new();
    stream.read_to_string(&mut wire).await.unwrap();
    assert_eq!(wire.matches("HTTP/1.1 200 OK").count(), 3);
    for length in 1..=3 {
        let ended = ends.next().await;
        check(&ended, "GET 200 ok");
        assert_eq!(ended.bytes(), (0, length));
    }
    ends.assert_no_more();
}

#[tokio::test]
async fn an_event_stream_has_a_class_of_its_own_and_is_aborted_by_its_reader() {
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |_| async {
        let body = frames(vec![data("data: 1\n\n"), data("data: 2\n\n")], true);
        Ok(Response::builder()
            .header(header::CONTENT_TYPE, "text/event-stream")
            .body(body)
            .unwrap())
    })
    .await;
    let mut stream = send(address, "GET /events HTTP/1.1\r\nhost: x\r\n\r\n").await;
    read_until(&mut stream, "data: 2").await;
    drop(stream);
    let ended = ends.next().await;
    check(&ended, "GET 200 aborted");
    assert_eq!((ended.class, ended.bytes()), (Class::Streaming, (0, 18)));
    ends.assert_no_more();
}

#[tokio::test]
async fn a_hundred_megabytes_are_counted_to_the_byte_both_ways() {
    const CHUNK: usize = 1 << 16;
    const TOTAL: u64 = 100 * 1_000_000 + 1;
    let (recorder, mut ends) = recorder();
    let address = serve(recorder, |request: Incoming1| async move {
        let mut upload = request.into_body();
        assert_eq!(drain(&mut upload).await?, TOTAL);
        let chunk = Bytes::from(vec![7; CHUNK]);
        let mut download: Vec<_> = (0..TOTAL as usize / CHUNK)
            .map(|_| data(chunk.clone()))
            .collect();
        download.push(data(chunk.slice(..TOTAL as usize % CHUNK)));
        Ok(Response::new(frames(download, false)))
    })
    .await;

    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut client, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let chunk = Bytes::from(vec![9; CHUNK]);
    let mut upload: Vec<_> = (0..TOTAL as usize / CHUNK)
        .map(|_| data(chunk.clone()))
        .collect();
    upload.push(data(chunk.slice(..TOTAL as usize % CHUNK)));
    let request = http::Request::post("/")
        .header("host", "x")
        .body(frames(upload, false))
        .unwrap();
    let mut response = client.send_request(request).await.unwrap();
    assert_eq!(drain(response.body_mut()).await.unwrap(), TOTAL);

    let ended = ends.next().await;
    check(&ended, "POST 200 ok");
    assert_eq!(ended.bytes(), (TOTAL, TOTAL));
    ends.assert_no_more();
}
