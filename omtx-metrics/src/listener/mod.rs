//! `/metrics` for programs without a web server: workers, trainers, daemons.
//!
//! ```
//! use omtx_metrics::{Counter, Registry};
//!
//! let registry = Registry::new();
//! let steps = registry.family::<(), Counter>("training_steps_total", "Steps.").register()?;
//! let listener = registry.listen("127.0.0.1:0")?; // port 0: a free one
//! println!("metrics are at {}", listener.url()); // http://127.0.0.1:34109/metrics
//! steps.with(()).inc();
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! It has a thread and a runtime of its own (tokio, on one thread), so that it works in programs that have none, and goes on
//! answering while the program computes. It serves until it is dropped:
//!
//! ```text
//! $ curl -i http://127.0.0.1:34109/metrics
//! HTTP/1.1 200 OK
//! content-type: text/plain; version=0.0.4; charset=utf-8
//!
//! # HELP training_steps_total Steps.
//! …
//! $ curl -i http://127.0.0.1:34109/
//! HTTP/1.1 404 Not Found
//!
//! metrics are at /metrics
//! ```
//!
//! # When clients or collectors misbehave
//!
//! | what | outcome |
//! |---|---|
//! | a client that sends its request slowly, or none | closed after [`DEFAULT_HEADER_TIMEOUT`]; idle connections too |
//! | a client that does not read its answer | closed when nothing could be written for [`DEFAULT_WRITE_TIMEOUT`] |
//! | more clients than [`DEFAULT_MAX_CONNECTIONS`] | the next ones wait in the system's backlog |
//! | a request head beyond 16 KiB | 431 |
//! | a collector that blocks | its scrape waits on another thread, as long as the registry says; other requests go on |
//! | no file descriptor left | tried again every 100 ms |
//!
//! No encryption and no authentication: who reaches the address reads the metrics. Give it an address that only Prometheus
//! reaches.

mod builder;
mod server;
mod stall;

pub use builder::{
    DEFAULT_HEADER_TIMEOUT, DEFAULT_MAX_CONNECTIONS, DEFAULT_SHUTDOWN_DEADLINE,
    DEFAULT_WRITE_TIMEOUT, ListenerBuilder,
};

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::{Error, Exporter, Registry};

impl Registry {
    /// Serves `/metrics` at this address until what is returned is dropped; see the [module](crate::listener).
    ///
    /// # Errors
    ///
    /// If the address cannot be bound, or the operating system grants no thread.
    ///
    /// ```
    /// use omtx_metrics::Registry;
    ///
    /// let listener = Registry::new().listen("127.0.0.1:0")?;
    /// let error = Registry::new().listen(listener.local_addr()).unwrap_err(); // the port is taken
    /// assert!(error.is_io());
    /// let start = format!("cannot listen on {}: ", listener.local_addr());
    /// assert!(error.to_string().starts_with(&start), "{error}");
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "listener")))]
    pub fn listen(&self, address: impl ToSocketAddrs + fmt::Debug) -> Result<Listener, Error> {
        Listener::builder(&Exporter::new(self)).listen(address)
    }
}

/// Serves scrapes until it is dropped.
///
/// Dropping it refuses new connections, lets requests in flight end within
/// [`DEFAULT_SHUTDOWN_DEADLINE`], and waits for that.
#[must_use = "it serves until it is dropped: bind it to a name, or detach it"]
pub struct Listener {
    address: SocketAddr,
    path: Box<str>,
    /// Dropped to stop it.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// A listener with options, that answers with what `exporter` exports.
    pub fn builder(exporter: &Exporter) -> ListenerBuilder {
        ListenerBuilder::new(exporter.clone())
    }

    /// Where it listens; with port 0, the port that the system chose.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where the metrics are: `http://127.0.0.1:34109/metrics`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// Serves until the program ends.
    pub fn detach(mut self) {
        self.thread = None;
        std::mem::forget(self.stop.take());
    }

    /// Stops listening; the same as dropping it.
    pub fn shutdown(self) {}
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // it is over either way
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}
