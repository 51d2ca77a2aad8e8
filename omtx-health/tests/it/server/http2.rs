//! The server over HTTP/2.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use omtx_health::DEFAULT_MAX_HEAD_BYTES;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::{Shop, impatient, patient, patiently};

type Connection = JoinHandle<hyper::Result<()>>;

async fn connect(shop: &Shop) -> (SendRequest<Empty<Bytes>>, Connection) {
    let stream = TokioIo::new(TcpStream::connect(shop.address).await.unwrap());
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
    let (client, connection) = handshake.await.unwrap();
    (client, tokio::spawn(connection))
}

fn request(path: &str) -> Request<Empty<Bytes>> {
    let request = Request::get(format!("http://shop{path}"));
    request.body(Empty::new()).unwrap()
}

#[tokio::test]
async fn streams_in_flight_are_finished_and_the_connection_ends() {
    let mut shop = Shop::open(patient(), |server| server).await;
    let (mut client, connection) = connect(&shop).await;
    let slow = tokio::spawn(client.send_request(request("/slow")));
    shop.entered.recv().await.unwrap();
    shop.drain.start();
    let during = client.send_request(request("/")).await.unwrap();
    assert!(!during.headers().contains_key("connection"));
    assert_eq!(
        during.into_body().collect().await.unwrap().to_bytes(),
        "hello"
    );
    shop.drain.cut_delay();
    shop.release.notify_one();
    let slow = slow.await.unwrap().unwrap();
    assert_eq!(slow.into_body().collect().await.unwrap().to_bytes(), "slow");
    connection.await.unwrap().unwrap(); // GOAWAY
    assert_eq!(shop.serving.await.unwrap().cut_off(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_cut_off_have_ended_before_the_flush() {
    let mut shop = Shop::open(patient(), |server| server).await;
    let (mut client, _connection) = connect(&shop).await;
    let slow = tokio::spawn(client.send_request(request("/slow")));
    shop.entered.recv().await.unwrap();
    let (told, hears) = tokio::sync::oneshot::channel();
    let (drain, dropped) = (shop.drain.clone(), shop.dropped.clone());
    shop.drain.on_flush("logs", async move |_| {
        let end = (drain.in_flight(), dropped.load(Ordering::Relaxed));
        told.send(end).unwrap();
    });
    shop.drain.start();
    shop.drain.cut_off();
    assert_eq!(shop.serving.await.unwrap().cut_off(), 1);
    assert_eq!(hears.await.unwrap(), (0, true));
    assert!(slow.await.unwrap().is_err());
}

#[tokio::test]
async fn a_client_that_asks_for_nothing_is_closed() {
    let shop = Shop::open(patient(), impatient).await;
    let (_client, connection) = connect(&shop).await;
    let _ = patiently(connection).await.unwrap(); // whether with GOAWAY or without
}

#[tokio::test]
async fn a_client_that_has_asked_stays_while_it_answers_pings() {
    let mut shop = Shop::open(patient(), impatient).await;
    let (mut client, connection) = connect(&shop).await;
    let slow = tokio::spawn(client.send_request(request("/slow")));
    shop.entered.recv().await.unwrap();
    shop.connect().await.closed().await; // one that came later is closed by now
    shop.release.notify_one();
    assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    assert!(!connection.is_finished());
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    // RFC 9113, 4.1: ten bytes, HEADERS, END_HEADERS and END_STREAM, stream 1.
    const HEADERS: &[u8] = &[0, 0, 10, 1, 5, 0, 0, 0, 1];
    // RFC 7541, appendix A: GET, http, "/", and `:authority` by name.
    const FIELDS: &[u8] = b"\x82\x86\x84\x41\x05shop.";

    let shop = Shop::open(patient(), impatient).await;
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    let request = [PREFACE, SETTINGS, HEADERS, FIELDS].concat();
    stream.write_all(&request).await.unwrap();
    // It reads, but only reads.
    let mut answer = Vec::new();
    let _ = patiently(stream.read_to_end(&mut answer)).await;
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("hello"), "{text}");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_answered_with_431() {
    let shop = Shop::open(patient(), |server| server).await;
    let (mut client, _connection) = connect(&shop).await;
    for (bytes, status) in [
        (DEFAULT_MAX_HEAD_BYTES - 500, 200),
        (DEFAULT_MAX_HEAD_BYTES + 1, 431),
    ] {
        let mut request = request("/");
        let cookies = "x".repeat(bytes).parse().unwrap();
        request.headers_mut().insert("cookie", cookies);
        let answer = client.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}
