//! WebSockets, over HTTP/1 with a real client.

use crate::support::*;
use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::WebSocket;
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use omtx_http::{Class, axum_layer};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_websocket_ends_at_its_upgrade_and_works_on() {
    let (recorder, mut ends) = recorder();
    let app = Router::new()
        .route(
            "/ws/{room}",
            any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)),
        )
        .layer(axum_layer(recorder));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let stream = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{address}/ws/7"), stream)
        .await
        .unwrap();
    let ended = ends.next().await;
    check(&ended, "GET 101 ok");
    assert_eq!(
        (ended.class, ended.endpoint.as_str()),
        (Class::Upgrade, "/ws/{room}")
    );
    assert_eq!(ended.end.head_duration(), Some(ended.end.duration()));

    for text in ["one", "two"] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(text));
    }
    socket.close(None).await.unwrap();
    ends.assert_no_more();

    // A client that is no WebSocket is refused, which is an ordinary response.
    read_until(
        &mut send(address, "GET /ws/7 HTTP/1.1\r\nhost: x\r\n\r\n").await,
        "400",
    )
    .await;
    let ended = ends.next().await;
    check(&ended, "GET 400 ok");
    assert_eq!(ended.class, Class::Unary);
    ends.assert_no_more();
}
