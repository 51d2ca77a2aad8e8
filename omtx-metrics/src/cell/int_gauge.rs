//! A count of whole things that come and go.

use std::ops::Deref;

use super::{CellConfig, Metric, Reading, Values, Wants, metric};
use crate::Kind;
use crate::sync::{AtomicI64, Ordering};

/// A count of whole things that come and go: requests in flight, items in a queue. Starts at 0.
///
/// ```
/// # use omtx_metrics::{IntGauge, MetricSet, Registry};
/// /// A queue.
/// #[derive(MetricSet)]
/// struct Queue {
///     /// Items waiting.
///     queue_depth: IntGauge,
/// }
///
/// let queue = Registry::new().register::<Queue>()?;
/// queue.queue_depth.add(3);
/// queue.queue_depth.dec();
/// assert_eq!(queue.queue_depth.get(), 2);
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug)]
pub struct IntGauge {
    value: AtomicI64,
}

impl IntGauge {
    /// Sets the value.
    #[inline]
    pub fn set(&self, value: i64) {
        self.value.store(value, Ordering::Relaxed);
    }

    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Takes 1 away.
    #[inline]
    pub fn dec(&self) {
        self.add(-1);
    }

    /// Adds `n`, which may be negative.
    #[inline]
    pub fn add(&self, n: i64) {
        self.value.fetch_add(n, Ordering::Relaxed);
    }

    /// The value now.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    /// Adds 1 until the guard that comes back is dropped, also by a panic or a cancelled future.
    ///
    /// `gauge` is anything that leads to the gauge: a reference, or a [`Handle`](crate::Handle) for a guard that
    /// travels with a future.
    ///
    /// ```
    /// # use omtx_metrics::{IntGauge, MetricSet, Registry};
    /// # /// A server.
    /// # #[derive(MetricSet)]
    /// # struct Server {
    /// #     /// Connections open.
    /// #     connections_active: IntGauge,
    /// # }
    /// # let server = Registry::new().register::<Server>()?;
    /// {
    ///     let _open = IntGauge::in_flight(&server.connections_active);
    ///     assert_eq!(server.connections_active.get(), 1);
    /// }
    /// assert_eq!(server.connections_active.get(), 0);
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    pub fn in_flight<G: Deref<Target = Self>>(gauge: G) -> InFlight<G> {
        gauge.inc();
        InFlight(gauge)
    }
}

/// Holds an [`IntGauge`] up by 1 until it is dropped; see [`IntGauge::in_flight`].
#[derive(Debug)]
#[must_use = "the gauge goes down again when this is dropped"]
pub struct InFlight<G: Deref<Target = IntGauge>>(G);

impl<G: Deref<Target = IntGauge>> Drop for InFlight<G> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl metric::Sealed for IntGauge {
    const STATES: Option<&'static [&'static str]> = None;

    fn new(_: &CellConfig) -> Self {
        Self {
            value: AtomicI64::new(0),
        }
    }

    fn read<'a>(&'a self, _: Wants, _: &'a mut Values) -> Reading<'a> {
        Reading::IntGauge(self.get())
    }
}

impl Metric for IntGauge {
    const KIND: Kind = Kind::Gauge;
}
