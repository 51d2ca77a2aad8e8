//! A server that drains.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower_service::Service;

use crate::drain::DrainService;
use crate::{Drain, DrainReport};

/// How long a client may take to send a request's head, and a connection may be idle, unless the server is told otherwise:
/// 620 s.
///
/// A load balancer that sends a request on a connection that is being closed answers 502. Google Cloud's keeps idle
/// connections for 600 s, which cannot be changed, and asks for 620 s; AWS's keeps them for 60 s.
pub const DEFAULT_HEAD_TIMEOUT: Duration = Duration::from_secs(620);

/// Bytes that the head of a request may have, unless the server is told otherwise: 64 KiB. Larger ones are answered with 431.
pub const DEFAULT_MAX_HEAD_BYTES: usize = 64 << 10;

/// The least that hyper can be told.
const MIN_HEAD_BYTES: usize = 8 << 10;

/// After a failure to accept: the system is out of something, most likely of file descriptors.
const PAUSE: Duration = Duration::from_millis(500);

/// How long the requests that were cut off have to be gone before the flush. Only one that blocks its thread needs it.
const SETTLE: Duration = Duration::from_millis(100);

/// How long an HTTP/2 client has to answer a `PING`.
#[cfg(feature = "http2")]
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves a router, or any other tower service, until its [`Drain`] says otherwise, and then ends in order.
///
/// What `axum::serve` does not do: it sends clients of kept-alive connections away during the delay (`connection: close`),
/// cuts off what outlives the deadline and says how many requests that were. HTTP/1; with the feature `http2`,
/// HTTP/2 with prior knowledge as well.
///
#[cfg_attr(feature = "axum", doc = "```no_run")]
#[cfg_attr(not(feature = "axum"), doc = "```text")]
/// use omtx_health::{Health, Server};
/// # async fn serve(router: axum::Router) -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder("shop").build()?;
/// health.drain().start_on_signals()?;
///
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:8000").await?;
/// let report = Server::new(health.drain()).serve(listener, router.merge(health.router())).await;
/// if report.cut_off() > 0 {
///     eprintln!("{} requests were cut off", report.cut_off());
/// }
/// # Ok(())
/// # }
/// ```
///
/// The peer's address is in the extensions of each request, as [`PeerAddr`], and with the feature `axum` as
/// `axum::extract::ConnectInfo` as well.
#[derive(Clone, Debug)]
pub struct Server {
    drain: Drain,
    head_timeout: Duration,
    head_bytes: usize,
    connections: usize,
}

/// The address of the other end of a connection: of the client, or of the proxy before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddr(pub SocketAddr);

impl Server {
    /// A server that ends with this drain.
    #[must_use]
    pub fn new(drain: &Drain) -> Self {
        Self {
            drain: drain.clone(),
            head_timeout: DEFAULT_HEAD_TIMEOUT,
            head_bytes: DEFAULT_MAX_HEAD_BYTES,
            connections: Semaphore::MAX_PERMITS,
        }
    }

    /// How long a client may take to send the head of a request, and how long an HTTP/1 connection may be idle, before it is
    /// closed. Default: [`DEFAULT_HEAD_TIMEOUT`].
    ///
    /// An HTTP/2 connection that is silent for as long is asked whether anybody is there (`PING`), and closed if nobody
    /// answers within 20 s, or within this time if that is less; one that has never asked for anything is closed like any other.
    #[must_use]
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_timeout = timeout;
        self
    }

    /// How many bytes the head of a request may have, 8 KiB at least; a larger one is answered with 431. For HTTP/1 it is also
    /// what is read ahead of a body; HTTP/2 counts 32 bytes more per field (RFC 9113, 6.5.2). Default:
    /// [`DEFAULT_MAX_HEAD_BYTES`].
    #[must_use]
    pub fn max_head_bytes(mut self, bytes: usize) -> Self {
        self.head_bytes = bytes.max(MIN_HEAD_BYTES);
        self
    }

    /// How many connections there may be at once; further clients wait in the system's backlog. Default: no limit.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.connections = connections.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Serves until the drain is over: waits for its start, serves on for the delay, takes no more connections, waits for
    /// the requests in flight until the deadline, cuts the rest off, and [flushes](Drain::on_flush).
    ///
    /// A connection that was upgraded (WebSocket) is the handler's from then on; it is not waited for. Have such handlers
    /// watch [`Drain::draining`].
    pub async fn serve<S, B>(self, listener: TcpListener, service: S) -> DrainReport
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let mut protocol = auto::Builder::new(TokioExecutor::new());
        protocol
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_timeout)
            .max_buf_size(self.head_bytes);
        #[cfg(feature = "http2")]
        protocol
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(self.head_timeout)
            .keep_alive_timeout(self.head_timeout.min(PING_TIMEOUT))
            .max_header_list_size(u32::try_from(self.head_bytes).unwrap_or(u32::MAX))
            .enable_connect_protocol(); // WebSockets over HTTP/2
        let places = Arc::new(Semaphore::new(self.connections));
        let mut open = JoinSet::new();
        let mut stop = pin!(self.drain.stopped_accepting());
        loop {
            let next = async {
                // The semaphore is never closed.
                let place = Arc::clone(&places).acquire_owned().await;
                (place, accept(&listener).await)
            };
            let (place, (stream, peer)) = tokio::select! {
                () = &mut stop => break,
                Some(_) = open.join_next() => continue,
                next = next => next,
            };
            let asked = Arc::new(AtomicBool::new(false));
            let service = WithPeer {
                inner: DrainService::new(service.clone(), self.drain.clone()),
                peer,
                asked: Arc::clone(&asked),
            };
            let (protocol, drain) = (protocol.clone(), self.drain.clone());
            let silent = silence(asked, self.head_timeout);
            open.spawn(async move {
                connection(&protocol, stream, service, &drain, silent).await;
                drop(place);
            });
        }
        drop(listener);

        let complete = tokio::select! {
            () = all(&mut open) => true,
            () = self.drain.deadline() => false,
        };
        let cut_off = if complete { 0 } else { self.drain.in_flight() };
        // Before the flush, so that it sees the ends of what is cut off.
        open.shutdown().await;
        // Streams of HTTP/2 are tasks of their own, which end a moment after their connection.
        let _ = tokio::time::timeout(SETTLE, self.drain.idle()).await;
        self.drain.finished(complete.then_some(()), cut_off).await
    }
}

/// The next connection, whatever goes wrong with others.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true); // slower without, but no worse
                return (stream, peer);
            }
            // Of the connection, not of the listener.
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::warn!(target: "omtx_health", %error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn connection<S, B>(
    protocol: &auto::Builder<TokioExecutor>,
    stream: TcpStream,
    service: S,
    drain: &Drain,
    silent: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(protocol.serve_connection_with_upgrades(io, service));
    tokio::select! {
        _ = connection.as_mut() => return, // clients go away; what a request came to is known to its observers
        () = silent => return,
        () = drain.stopped_accepting() => {}
    }
    // Idle, it ends now; else with its last response.
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Over when a connection is this old and has asked for nothing. hyper's own timeout begins only once it knows the protocol,
/// from the first bytes of the client.
async fn silence(asked: Arc<AtomicBool>, timeout: Duration) {
    tokio::time::sleep(timeout).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

async fn all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

/// Tells each request where it came from, and the connection that there was one.
#[derive(Clone)]
struct WithPeer<S> {
    inner: S,
    peer: SocketAddr,
    asked: Arc<AtomicBool>,
}

impl<S, B> Service<Request<B>> for WithPeer<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        self.asked.store(true, Ordering::Relaxed);
        let extensions = request.extensions_mut();
        extensions.insert(PeerAddr(self.peer));
        #[cfg(feature = "axum")]
        extensions.insert(axum::extract::ConnectInfo(self.peer));
        self.inner.call(request)
    }
}
