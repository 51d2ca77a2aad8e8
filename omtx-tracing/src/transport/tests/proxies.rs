//! Connections through the proxy that the environment names.

use std::process::Command;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tower_service::Service as _;

use super::receiver::Receiver;
use super::*;
use crate::transport::tcp::Tcp;

/// Asks a proxy that answers with `said` for a collector; returns what the proxy was asked, and what came of it.
async fn through_proxy(uri: &str, said: &'static str) -> (String, Result<(), String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://user:pass@{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut asked).await.unwrap();
        }
        stream.write_all(said.as_bytes()).await.unwrap();
        String::from_utf8(asked).unwrap()
    });
    let proxies = Matcher::builder().http(proxy.as_str()).https(proxy).build();
    let uri: Uri = uri.parse().unwrap();
    let connected = Tcp::new(&uri, PATIENCE, &proxies).call(uri).await;
    let connected = connected.map(drop).map_err(|error| error.to_string());
    (asked.await.unwrap(), connected)
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel() {
    for (uri, host) in [
        ("http://collector.test:4317", "collector.test:4317"),
        ("http://collector.test", "collector.test:80"),
        ("https://collector.test/v1/traces", "collector.test:443"),
    ] {
        let (asked, connected) = through_proxy(uri, "HTTP/1.1 200 OK\r\n\r\n").await;
        assert_eq!(connected, Ok(()), "{uri}");
        let expected = format!(
            "CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
        );
        assert_eq!(asked, expected);
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_an_error_that_says_so() {
    let said = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    let (_, connected) = through_proxy("http://collector.test:4317", said).await;
    let error = connected.unwrap_err();
    assert!(error.contains("proxy authorization required"), "{error}");
}

#[test]
fn the_machine_itself_and_what_no_proxy_names_are_reached_directly() {
    let proxies = Matcher::builder()
        .all("http://proxy.test:3128")
        .no("collector.test,10.0.0.0/8")
        .build();
    let is_direct = |uri: &str| {
        let tcp = Tcp::new(&uri.parse().unwrap(), PATIENCE, &proxies);
        matches!(tcp, Tcp::Direct(_))
    };
    for uri in [
        "http://localhost:4317",
        "http://LOCALHOST:4317",
        "http://127.0.0.1:4317",
        "https://127.8.8.8:4317",
        "http://[::1]:4317",
        "http://collector.test:4317",
        "http://10.1.2.3:4317",
    ] {
        assert!(is_direct(uri), "{uri}");
    }
    for uri in [
        "http://other.test:4317",
        "https://192.0.2.1",
        "http://[2001:db8::1]:4317",
    ] {
        assert!(!is_direct(uri), "{uri}");
    }
}

/// What tells the child of the test below where to send to.
const ENDPOINT: &str = "OMTX_TEST_PROXIED_ENDPOINT";

/// A proxy that sends everybody to `port` of this machine, whatever host they ask for.
fn proxy_to(port: u16) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let serve = async move {
        let listener = TcpListener::from_std(listener).unwrap();
        while let Ok((mut client, _)) = listener.accept().await {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                client.read_buf(&mut asked).await.unwrap();
            }
            assert!(asked.starts_with(b"CONNECT collector.test:4318 HTTP/1.1\r\n"));
            let mut server = tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
    };
    tokio::spawn(serve);
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn spans_reach_a_collector_behind_the_proxy_that_the_environment_names() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    for (scheme, port) in [("grpc", receiver.grpc), ("http", receiver.http)] {
        // The environment is read once, and belongs to all tests of this process.
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "transport::tests::proxies::in_a_child"])
            .env(ENDPOINT, scheme)
            .env("ALL_PROXY", format!("http://{}", proxy_to(port)))
            .env_remove("HTTP_PROXY")
            .env_remove("http_proxy")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .unwrap();
        assert!(child.status.success(), "{child:?}");
    }
    assert_eq!(receiver.wait_for_spans(5).len(), 5);
}

/// Not a test by itself: does what the one above asks of its child.
#[tokio::test]
async fn in_a_child() {
    let Some(scheme) = std::env::var_os(ENDPOINT) else {
        return;
    };
    let (mut transport, n) = match scheme.to_str() {
        Some("grpc") => (transport(Protocol::Grpc, "http://collector.test:4318"), 2),
        _ => {
            let uri = "http://collector.test:4318/v1/traces";
            (transport(Protocol::HttpProtobuf, uri), 3)
        }
    };
    assert_eq!(export(&mut *transport, spans(n)).await, all_accepted());
}
