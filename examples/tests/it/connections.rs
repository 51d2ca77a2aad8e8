//! Clients that hold on to connections.

use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::TestHub;

const LIVE: &str = "GET /live HTTP/1.1\r\nhost: hub\r\n\r\n";

async fn connect(address: SocketAddr, first: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(first.as_bytes()).await.unwrap();
    connection
}

/// What comes until the hub closes the connection.
async fn rest(mut connection: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await; // a reset is an end, too
    String::from_utf8(answer).unwrap()
}

/// One request, and its answer to the last byte.
async fn ask(connection: &mut TcpStream) {
    connection.write_all(LIVE.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"{\"status\":\"alive\"}") {
        assert!(connection.read_buf(&mut answer).await.unwrap() > 0);
    }
}

#[tokio::test]
async fn a_head_that_never_ends_closes_the_connection() {
    let hub = TestHub::with(|config| config.head_timeout = Duration::from_millis(20)).await;
    let half = connect(hub.address, "GET /live HTTP/1.1\r\nhost: h").await;
    assert_eq!(rest(half).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let hub = TestHub::with(|config| config.head_timeout = Duration::from_millis(20)).await;
    assert_eq!(rest(connect(hub.address, "").await).await, "");
    let answer = rest(connect(hub.address, LIVE).await).await;
    assert!(answer.ends_with("{\"status\":\"alive\"}"), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let hub = TestHub::start().await;
    let huge = format!("{}x: {}", &LIVE[..LIVE.len() - 2], "y".repeat(100_000));
    let answer = rest(connect(hub.address, &huge).await).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn one_connection_too_many_waits_for_a_place() {
    let hub = TestHub::with(|config| config.connections = 1).await;
    let mut first = connect(hub.address, "").await;
    ask(&mut first).await;
    let client = hub.client.clone();
    let second = tokio::spawn(async move { client.get("/live").await.unwrap().status });
    for _ in 0..10 {
        ask(&mut first).await;
    }
    assert!(!second.is_finished());
    drop(first);
    assert_eq!(second.await.unwrap(), StatusCode::OK);
}
