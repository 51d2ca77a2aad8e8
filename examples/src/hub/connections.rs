//! Connections: how many there may be, and how long a client may take to say what it wants. `axum::serve` bounds neither.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::warn;

use super::config::Config;

/// Bytes of a request's head, and of what is read ahead of its body. Larger heads are answered with 431.
const HEAD_BYTES: usize = 64 << 10;

/// After a failure to accept: the system is out of something, most likely of file descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stop` is over, then takes no more connections and waits for requests in flight. Dropped, it cuts them off.
///
/// While all places are taken, clients wait in the system's backlog. A connection that sends no whole request head within
/// [`head_timeout`](Config::head_timeout) is closed, and so is one that is idle for so long.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    config: &Config,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(config.head_timeout)
        .max_buf_size(HEAD_BYTES);
    let places = Arc::new(Semaphore::new(config.connections));
    let graceful = GracefulShutdown::new();
    let mut open = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            () = &mut stop => break,
            Some(_) = open.join_next() => continue,
            (place, accepted) = next => match accepted {
                Ok((stream, _)) => (place, stream),
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        open.spawn(async move {
            let _ = connection.await; // clients go away; what a request came to is known to its observers
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}
