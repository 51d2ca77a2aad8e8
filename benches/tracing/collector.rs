//! Collectors in this process, which take spans over HTTP and keep nothing.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::mpsc;
use std::time::Duration;

use axum::body::Body;
use axum::routing::post;
use http_body_util::BodyExt;

/// What a collector does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// Takes it at once.
    Takes,
    /// Takes it, and needs so long.
    TakesFor(Duration),
    /// Reads it, and never answers.
    NeverAnswers,
}

/// The address of one that takes everything; it is started by whoever asks first.
pub(crate) fn address() -> SocketAddr {
    static ADDRESS: LazyLock<SocketAddr> = LazyLock::new(|| start(Manner::Takes));
    *ADDRESS
}

/// Starts one, on a thread of its own, and gives its address.
pub(crate) fn start(manner: Manner) -> SocketAddr {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
            let listener = listener.expect("a port");
            let _ = tell.send(listener.local_addr().expect("an address"));
            let take = async move |mut body: Body| {
                while let Some(Ok(_)) = body.frame().await {}
                match manner {
                    Manner::Takes => {}
                    Manner::TakesFor(time) => tokio::time::sleep(time).await,
                    Manner::NeverAnswers => pending().await,
                }
            };
            let app = axum::Router::new().route("/v1/traces", post(take));
            let _ = axum::serve(listener, app).await;
        });
    });
    told.recv().expect("it listens")
}
