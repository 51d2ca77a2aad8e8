//! Through a real server: hyper, sockets, and a client that hangs up.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use omtx_http::Observer;
use omtx_tracing::http::ServerSpans;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{lines, spans, text};

/// Long enough for any machine: only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(axum::serve(listener, service).into_future());
    address
}

/// The observer, and a message for each request whose span has ended: observers are ended last to first.
fn telling(spans: ServerSpans) -> (impl Observer, UnboundedReceiver<()>) {
    let (tell, told) = unbounded_channel();
    let tell = omtx_http::on_end(move |_, _| {
        let _ = tell.send(());
    });
    ((tell, spans), told)
}

async fn soon<T>(told: &mut UnboundedReceiver<T>) {
    let told = tokio::time::timeout(PATIENCE, told.recv()).await;
    assert!(told.expect("it happens").is_some());
}

#[tokio::test]
async fn a_request_over_a_socket_has_its_peer_and_ends_with_its_body() {
    let (recorder, spans) = spans();
    let (observer, mut ended) = telling(spans);
    let address = serve(super::routes().layer(omtx_http::axum_layer(observer))).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let here = client.local_addr().unwrap();
    let call = format!("GET /users/7 HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    client.write_all(call.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("Ada"),
        "{answer}"
    );
    soon(&mut ended).await;
    let span = recorder.span("GET /users/{id}");
    assert_eq!(text(&span, "network.peer.address"), "127.0.0.1");
    assert_eq!(
        span.attribute("network.peer.port"),
        Some(&i64::from(here.port()).into())
    );
    assert_eq!(
        span.attribute("server.port"),
        Some(&i64::from(address.port()).into())
    );
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_a_span_that_says_so() {
    let (recorder, spans) = spans();
    let (observer, mut ended) = telling(spans);
    let (began, mut begun) = unbounded_channel();
    let wait = async move || {
        let _ = began.send(());
        std::future::pending::<()>().await;
    };
    let app = Router::new()
        .route("/wait", get(wait))
        .layer(omtx_http::axum_layer(observer));
    let address = serve(app).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client
        .write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    soon(&mut begun).await;
    drop(client);
    soon(&mut ended).await;
    let span = recorder.span("GET /wait");
    assert_eq!(
        text(&span, "error.type"),
        "cancelled",
        "{:#?}",
        lines(&span)
    );
}
