//! The end of a service, in order.

#[cfg(feature = "tower")]
mod body;
mod flush;
#[cfg(feature = "tower")]
mod in_flight;
#[cfg(feature = "tower")]
mod layer;
mod options;
mod report;
#[cfg(feature = "tower")]
mod service;
mod signals;

#[cfg(feature = "tower")]
pub use body::DrainBody;
#[cfg(feature = "tower")]
pub use layer::DrainLayer;
pub use options::{DEFAULT_DRAIN_DELAY, DEFAULT_SHUTDOWN_DEADLINE, DrainOptions, FLUSH_GRACE};
pub use report::{DrainReport, Flush, FlushOutcome};
#[cfg(feature = "tower")]
pub use service::{DrainFuture, DrainService};

use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(feature = "tower")]
use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::lock::lock;
use flush::Hook;

/// Ends a service without failing a request: **not ready → serve on for the delay → take no more connections → finish what
/// is in flight → flush**.
///
/// A load balancer needs a moment to notice that an instance is not ready; whoever stops listening at SIGTERM refuses
/// connections in the meantime. During the [delay](DrainOptions::delay) the service answers everything as before, and only
/// `/ready` says 503.
///
/// # With axum
///
#[cfg_attr(feature = "axum", doc = "```no_run")]
#[cfg_attr(not(feature = "axum"), doc = "```text")]
/// use omtx_health::Health;
/// # async fn serve(router: axum::Router) -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder("shop").build()?;
/// let drain = health.drain();
/// drain.start_on_signals()?;
/// drain.on_flush("logs", async |_remaining| { /* … */ });
///
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:8000").await?;
/// let server = axum::serve(listener, router).with_graceful_shutdown(drain.stopped_accepting());
/// let report = drain.finish(server).await;
/// assert!(report.is_complete());
/// # Ok(())
/// # }
/// ```
///
/// # With hyper
///
/// Accept in a `select!` with [`stopped_accepting`](Self::stopped_accepting), then shut each connection down gracefully, and
/// wrap all of it in [`finish`](Self::finish).
///
/// # Signals
///
/// [`start_on_signals`](Self::start_on_signals) has each signal do the next step:
///
/// | signal | while serving | during the delay | after it |
/// |---|---|---|---|
/// | SIGTERM | starts the drain | cuts the delay | cuts off what is in flight |
/// | SIGINT (ctrl-c) | starts it without a delay | cuts the delay | cuts off what is in flight |
///
/// # In tests
///
/// ```
/// use omtx_health::{Drain, DrainOptions};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// let drain = Drain::new(DrainOptions::default().delay(Duration::from_secs(5)));
/// drain.start();
/// assert!(drain.is_draining());
///
/// let began = tokio::time::Instant::now();
/// drain.stopped_accepting().await;
/// assert_eq!(began.elapsed(), Duration::from_secs(5));
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
///
/// A handle: clones are of the same drain.
#[derive(Clone)]
pub struct Drain {
    shared: Arc<Shared>,
}

struct Shared {
    options: DrainOptions,
    /// The same as `times.is_some()`, for probes.
    draining: AtomicBool,
    times: watch::Sender<Option<Times>>,
    in_flight: AtomicUsize,
    /// Told when nothing is in flight any more.
    #[cfg(feature = "tower")]
    idle: Notify,
    hooks: Mutex<Vec<Hook>>,
    listening: AtomicBool,
}

/// When what happens.
#[derive(Debug, Clone, Copy)]
struct Times {
    began: Instant,
    /// No more connections from here on.
    stop: Instant,
    /// What is in flight is cut off here.
    deadline: Instant,
}

impl Drain {
    /// A drain that has not started.
    #[must_use]
    pub fn new(options: DrainOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                options,
                draining: AtomicBool::new(false),
                times: watch::Sender::new(None),
                in_flight: AtomicUsize::new(0),
                #[cfg(feature = "tower")]
                idle: Notify::new(),
                hooks: Mutex::default(),
                listening: AtomicBool::new(false),
            }),
        }
    }

    /// Starts to drain: not ready from now on. Once it has started, this does nothing.
    pub fn start(&self) {
        self.begin(self.shared.options.delay);
    }

    fn begin(&self, delay: Duration) {
        let options = &self.shared.options;
        self.shared.times.send_if_modified(|times| {
            if times.is_some() {
                return false;
            }
            let began = Instant::now();
            *times = Some(Times {
                began,
                stop: began + delay,
                deadline: began + delay + options.deadline,
            });
            // Within the lock, so that who hears of the start also sees it, and a log has it before the end.
            self.shared.draining.store(true, Ordering::Relaxed);
            tracing::info!(
                target: "omtx_health",
                delay_ms = millis(delay), deadline_ms = millis(options.deadline),
                "draining: not ready, but still serving",
            );
            true
        });
    }

    /// Ends the delay: no more connections from now on. False if it is not running.
    pub fn cut_delay(&self) -> bool {
        let deadline = self.shared.options.deadline;
        self.shared.times.send_if_modified(|times| {
            let now = Instant::now();
            match times {
                Some(times) if now < times.stop => {
                    (times.stop, times.deadline) = (now, now + deadline);
                    true
                }
                _ => false,
            }
        })
    }

    /// Ends the delay, and the wait for what is in flight.
    pub fn cut_off(&self) {
        self.shared.times.send_if_modified(|times| {
            let now = Instant::now();
            match times {
                Some(times) if now < times.deadline => {
                    (times.stop, times.deadline) = (times.stop.min(now), now);
                    true
                }
                _ => false,
            }
        });
    }

    /// True from the start of the drain on.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Relaxed)
    }

    /// Over when the drain starts: for what is to end early, such as WebSockets and event streams.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reached(|times| times.began)
    }

    /// Over when the delay is: for `with_graceful_shutdown`, and for accept loops.
    pub fn stopped_accepting(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reached(|times| times.stop)
    }

    /// Over when what is still in flight is to be cut off.
    pub fn deadline(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reached(|times| times.deadline)
    }

    fn reached(&self, moment: fn(&Times) -> Instant) -> impl Future<Output = ()> + Send + 'static {
        let mut times = self.shared.times.subscribe();
        // The sender is kept, so that waiting can only end by what is waited for.
        let drain = self.clone();
        async move {
            loop {
                let at = times.borrow_and_update().as_ref().map(moment);
                match at {
                    Some(at) if at <= Instant::now() => break,
                    Some(at) => tokio::select! {
                        () = sleep_until(at) => {}
                        _ = times.changed() => {}
                    },
                    None => {
                        let _ = times.changed().await;
                    }
                }
            }
            drop(drain);
        }
    }

    /// How many requests are in flight, as `Drain::layer` and `Server` count them.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    /// Has `flush` called once everything in flight has finished or was cut off, with the time that is left.
    ///
    /// Hooks run one after the other, in the order in which they were added; all of them share what is left until the
    /// deadline, and at least [`FLUSH_GRACE`]. One that takes longer is cut off; one that panics is noted. One that is added
    /// during the flush, or after it, is not called.
    pub fn on_flush<F, Fut>(&self, name: impl Into<String>, flush: F)
    where
        F: FnOnce(Duration) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        lock(&self.shared.hooks).push(Hook::new(name.into(), flush));
    }

    /// Waits for `server` to end, until the deadline at the latest, and flushes.
    ///
    /// A server that ends by itself, without a drain, is flushed after as well.
    pub async fn finish<S: IntoFuture>(&self, server: S) -> DrainReport<S::Output> {
        let server = server.into_future();
        let output = tokio::select! {
            output = server => Some(output),
            () = self.deadline() => None,
        };
        let cut_off = if output.is_none() {
            self.in_flight()
        } else {
            0
        };
        self.finished(output, cut_off).await
    }

    /// Flushes, and says how it all went.
    pub(crate) async fn finished<T>(&self, output: Option<T>, cut_off: usize) -> DrainReport<T> {
        let now = Instant::now();
        let times = *self.shared.times.borrow();
        let (began, deadline) = times.map_or((now, now + self.shared.options.deadline), |times| {
            (times.began, times.deadline)
        });
        if output.is_none() {
            tracing::warn!(
                target: "omtx_health", requests = cut_off,
                "what was still in flight at the deadline is cut off",
            );
        }
        let hooks = std::mem::take(&mut *lock(&self.shared.hooks));
        let flushed = flush::run(hooks, deadline.max(now + FLUSH_GRACE)).await;
        let report = DrainReport::new(output, cut_off, began.elapsed(), flushed);
        tracing::info!(
            target: "omtx_health", took_ms = millis(report.took()), cut_off,
            "drained",
        );
        report
    }
}

impl Default for Drain {
    /// A drain with [`DrainOptions::default`].
    fn default() -> Self {
        Self::new(DrainOptions::default())
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("options", &self.shared.options)
            .field("draining", &self.is_draining())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
