//! Connections through the proxy that the environment names.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tower_service::Service as _;

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
