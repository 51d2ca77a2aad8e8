//! A collector in this process that takes everything over HTTP, and keeps nothing.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::mpsc;

use axum::body::Body;
use axum::routing::post;
use http_body_util::BodyExt;

/// Its address; it is started by whoever asks first.
pub(crate) fn address() -> SocketAddr {
    static ADDRESS: LazyLock<SocketAddr> = LazyLock::new(|| {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
                let listener = listener.expect("a port");
                let _ = tell.send(listener.local_addr().expect("an address"));
                let take = async |mut body: Body| {
                    while let Some(Ok(_)) = body.frame().await {}
                };
                let app = axum::Router::new().route("/v1/traces", post(take));
                let _ = axum::serve(listener, app).await;
            });
        });
        told.recv().expect("it listens")
    });
    *ADDRESS
}
