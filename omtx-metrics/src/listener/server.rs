//! The thread that accepts connections and serves them.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use futures_util::future::select;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, oneshot};

use super::stall::Stall;

/// What clients can make the listener hold, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) header_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) max_connections: usize,
    pub(super) shutdown_deadline: Duration,
}

/// Bytes of a request head: what Prometheus sends is a few hundred.
const MAX_HEAD: usize = 16 * 1024;

/// Scrapes that wait for collectors, or encode much, each on a thread. The next wait for them.
const MAX_BLOCKING_THREADS: usize = 8;

/// How long to wait when a connection cannot be accepted, which is mostly for want of a file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves on a thread of its own until `stop` is sent or dropped.
pub(super) fn spawn(
    socket: std::net::TcpListener,
    app: Router,
    limits: Limits,
    stop: oneshot::Receiver<()>,
) -> io::Result<JoinHandle<()>> {
    let runtime = Background(Some(
        tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(MAX_BLOCKING_THREADS)
            .thread_name("omtx-scrape")
            .build()?,
    ));
    let socket = {
        let _entered = runtime.0.as_ref().map(Runtime::enter);
        TcpListener::from_std(socket)?
    };
    std::thread::Builder::new()
        .name("omtx-listener".into())
        .spawn(move || {
            let runtime = runtime; // all of it, with its `Drop`
            if let Some(runtime) = &runtime.0 {
                runtime.block_on(serve(socket, app, limits, stop));
            }
        })
}

/// A runtime that waits for nothing when it is dropped: a collector that blocks must not keep the program from ending; and
/// if the operating system grants no thread, it is dropped where it was made, which may be within another runtime.
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(socket: TcpListener, app: Router, limits: Limits, stop: oneshot::Receiver<()>) {
    let connections = GracefulShutdown::new();
    select(
        pin!(accept(&socket, &app, limits, &connections)),
        pin!(stop),
    )
    .await;
    drop(socket); // refused from now on
    let _ = tokio::time::timeout(limits.shutdown_deadline, connections.shutdown()).await;
}

async fn accept(
    socket: &TcpListener,
    app: &Router,
    limits: Limits,
    connections: &GracefulShutdown,
) -> Infallible {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_HEAD);
    let slots = Arc::new(Semaphore::new(limits.max_connections));
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await;
        let stream = next(socket).await;
        let stream = TokioIo::new(Stall::new(stream, limits.write_timeout));
        let service = TowerToHyperService::new(app.clone());
        let connection = connections.watch(http.serve_connection(stream, service));
        tokio::spawn(async move {
            let _ = connection.await; // a client that went away, or was too slow: nobody to tell
            drop(slot);
        });
    }
}

async fn next(socket: &TcpListener) -> TcpStream {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}
