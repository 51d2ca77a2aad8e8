//! What a service asks of its exporter.

use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Flushed, Lost, Stats};
use crate::Telemetry;

impl Telemetry {
    /// What became of all spans, metric points and log records until now. Live, and exact: see [`SignalStats`](crate::SignalStats).
    ///
    /// ```
    /// use omtx_tracing::{Signal, Telemetry};
    ///
    /// let telemetry = Telemetry::builder("checkout").build()?;
    /// // No endpoint is set: nothing is exported.
    /// assert!(telemetry.stats().of(Signal::Traces).is_none());
    /// # Ok::<(), omtx_tracing::Error>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        match self.exporter() {
            Some(exporter) => exporter.stats(),
            None => Stats::default(),
        }
    }

    /// Sends everything that ended before now, of all signals at once, and blocks until it is settled: exported, or lost for a
    /// [reason](crate::DropReason).
    ///
    /// Blocks for `timeout` at most; what is not settled by then is sent later, and [`Flushed`] says how much that is. It is not
    /// complete either if a registry that is exported could not be read in half of the time, and in a forked child, which has
    /// no exporter. May be called anywhere, also on a runtime's only thread, since the exporter has its own; there, in a hook, it
    /// does nothing. See [`flush_async`](Self::flush_async) for a form that does not block.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # let telemetry = omtx_tracing::Telemetry::builder("checkout").build()?;
    /// assert!(telemetry.flush(Duration::from_secs(5)).is_complete());
    /// # Ok::<(), omtx_tracing::Error>(())
    /// ```
    pub fn flush(&self, timeout: Duration) -> Flushed {
        match self.exporter() {
            Some(exporter) => exporter.flush(timeout),
            None => Flushed::default(),
        }
    }

    /// [`flush`](Self::flush) without blocking, on any runtime. It goes on if the future is dropped.
    pub async fn flush_async(&self, timeout: Duration) -> Flushed {
        self.aside(move |this| this.flush(timeout)).await
    }

    /// Sends everything that ended before now, of all signals at once, ends the exporter, and tells what was lost.
    ///
    /// Blocks for `timeout` at most, whatever the collector does: what was not settled by then is lost as
    /// [`Shutdown`](crate::DropReason::Shutdown), or as [`Unknown`](crate::DropReason::Unknown) if it was just being sent. Spans that end later, and whatever else is recorded, are lost as `Shutdown`. A
    /// collector that asks to be left alone for longer than `timeout` is not waited for. Called again, it has nothing left to
    /// lose and returns at once; called meanwhile, it waits with the first, and the shorter timeout holds.
    ///
    /// Dropping the last clone of a `Telemetry` does the same with 5 s. May be called anywhere, also on a runtime's only thread;
    /// see [`shutdown_async`](Self::shutdown_async) for a form that does not block. It returns at once in a forked child, which has
    /// no exporter.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # let telemetry = omtx_tracing::Telemetry::builder("checkout").build()?;
    /// let lost = telemetry.shutdown(Duration::from_secs(5));
    /// assert!(lost.is_empty());
    /// # Ok::<(), omtx_tracing::Error>(())
    /// ```
    pub fn shutdown(&self, timeout: Duration) -> Lost {
        match self.exporter() {
            Some(exporter) => exporter.shutdown(timeout),
            None => Lost::default(),
        }
    }

    /// [`shutdown`](Self::shutdown) without blocking, on any runtime. It goes on if the future is dropped.
    pub async fn shutdown_async(&self, timeout: Duration) -> Lost {
        self.aside(move |this| this.shutdown(timeout)).await
    }

    /// Does what blocks on a thread that is made for it: the runtime may be none of tokio's, or have no thread to spare.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl Fn(&Self) -> T + Clone + Send + 'static,
    ) -> T {
        if self.exporter().is_none() {
            return work(self);
        }
        let (done, result) = oneshot::channel();
        let (this, on_thread) = (self.clone(), work.clone());
        let thread = thread::Builder::new()
            .name("omtx-otlp-flush".to_owned())
            .spawn(move || drop(done.send(on_thread(&this))));
        match (thread, result.await) {
            (Ok(_), Ok(result)) => result,
            // The system has no thread left. Blocking is better than losing.
            _ => work(self),
        }
    }
}
