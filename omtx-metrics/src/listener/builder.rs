//! What a listener is set up with.

use std::borrow::Cow;
use std::fmt;
use std::net::{TcpListener, ToSocketAddrs};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use tokio::sync::oneshot;

use super::server::{self, Limits};
use super::{Error, Exporter, Listener};

/// Time for a request head, from the connection or the answer before: 30 s.
pub const DEFAULT_HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Time without a byte of the answer being taken: 10 s, the time that Prometheus gives a scrape.
pub const DEFAULT_WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections at a time: 64.
pub const DEFAULT_MAX_CONNECTIONS: usize = 64;

/// Time for requests in flight, once the listener is dropped: 2 s.
pub const DEFAULT_SHUTDOWN_DEADLINE: Duration = Duration::from_secs(2);

/// No clock overflows.
const MAX_TIME: Duration = Duration::from_secs(60 * 60);

/// Sets up a [`Listener`].
///
/// ```
/// use std::time::Duration;
/// use omtx_metrics::listener::Listener;
/// use omtx_metrics::{Exporter, Registry};
///
/// let registry = Registry::new();
/// let listener = Listener::builder(&Exporter::new(&registry))
///     .path("/internal/metrics")
///     .max_connections(8)
///     .shutdown_deadline(Duration::from_millis(500))
///     .listen("127.0.0.1:0")?;
/// assert!(listener.url().ends_with("/internal/metrics"));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `listen` is called"]
pub struct ListenerBuilder {
    exporter: Exporter,
    path: Cow<'static, str>,
    routes: Option<Router>,
    limits: Limits,
}

impl ListenerBuilder {
    pub(super) fn new(exporter: Exporter) -> Self {
        Self {
            exporter,
            path: "/metrics".into(),
            routes: None,
            limits: Limits {
                header_timeout: DEFAULT_HEADER_TIMEOUT,
                write_timeout: DEFAULT_WRITE_TIMEOUT,
                max_connections: DEFAULT_MAX_CONNECTIONS,
                shutdown_deadline: DEFAULT_SHUTDOWN_DEADLINE,
            },
        }
    }

    /// Where the metrics are. Default: `/metrics`.
    pub fn path(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.path = path.into();
        self
    }

    /// Serves these routes as well, probes for example; the metrics' path stays the metrics'. They run on the listener's
    /// one thread and must not block. Default: none, and every other path is a 404 that says where the metrics are.
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = Some(routes);
        self
    }

    /// How long a client may take to send a request head, from the connection or the answer before. Default:
    /// [`DEFAULT_HEADER_TIMEOUT`].
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.limits.header_timeout = timeout;
        self
    }

    /// How long a client may take nothing of its answer. Default: [`DEFAULT_WRITE_TIMEOUT`].
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.limits.write_timeout = timeout;
        self
    }

    /// Connections at a time. Default: [`DEFAULT_MAX_CONNECTIONS`].
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.max_connections = connections;
        self
    }

    /// How long requests in flight may take once the listener is dropped. Default: [`DEFAULT_SHUTDOWN_DEADLINE`].
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.limits.shutdown_deadline = deadline;
        self
    }

    /// Binds the address, and serves there until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// If the path does not begin with a slash or has a `{`, a time is zero or longer than an hour, no connection is
    /// allowed, the address cannot be bound, or the operating system grants no thread.
    pub fn listen(self, address: impl ToSocketAddrs + fmt::Debug) -> Result<Listener, Error> {
        self.check()?;
        let refused = |error| Error::address(&address, error);
        let socket = TcpListener::bind(&address).map_err(refused)?;
        let bound = socket.local_addr().map_err(refused)?;
        socket.set_nonblocking(true).map_err(refused)?;
        let (stop, stopped) = oneshot::channel();
        let thread = server::spawn(socket, self.app(), self.limits, stopped)
            .map_err(|error| Error::thread("the listener", error))?;
        Ok(Listener {
            address: bound,
            path: self.path.into(),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    fn check(&self) -> Result<(), Error> {
        if !self.path.starts_with('/') || self.path.contains(['{', '}', '?', '#']) {
            return Err(Error::invalid(
                "path of a listener",
                &self.path,
                "a slash, and no \"{\", \"}\", \"?\" or \"#\"",
            ));
        }
        if self.limits.max_connections == 0 {
            return Err(Error::invalid("max_connections", 0, "at least 1"));
        }
        let Limits {
            header_timeout,
            write_timeout,
            shutdown_deadline,
            ..
        } = self.limits;
        for (what, time) in [
            ("header_timeout", header_timeout),
            ("write_timeout", write_timeout),
            ("shutdown_deadline", shutdown_deadline),
        ] {
            if time.is_zero() || time > MAX_TIME {
                let expected = "more than zero, and an hour at most";
                return Err(Error::invalid(what, format_args!("{time:?}"), expected));
            }
        }
        Ok(())
    }

    fn app(&self) -> Router {
        let app = Router::new().route(&self.path, self.exporter.route());
        match &self.routes {
            Some(routes) => app.fallback_service(routes.clone()),
            None => {
                let hint = format!("metrics are at {}\n", self.path);
                app.fallback(async move || (StatusCode::NOT_FOUND, hint))
            }
        }
    }
}
