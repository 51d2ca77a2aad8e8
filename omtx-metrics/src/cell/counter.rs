//! A counter of whole things.

use super::contention::Contention;
use super::stripes::Stripes;
use super::{
    CellConfig, ExemplarBuffer, ExemplarLabels, Metric, Reading, Values, Wants, exemplar, metric,
};
use crate::Kind;
use crate::sync::{AtomicU64, Ordering};

/// A counter of whole things: requests, bytes, errors. Starts at 0 and only goes up.
///
/// An increment is one `fetch_add`. When several threads hammer the same counter it splits into stripes by itself, and
/// from then on they no longer slow each other down. Beyond `u64::MAX` it wraps, which Prometheus reads as a restart.
///
/// ```
/// # use omtx_metrics::{Counter, MetricSet, Registry};
/// /// A crawler.
/// #[derive(MetricSet)]
/// struct Crawler {
///     /// Pages fetched.
///     pages_fetched_total: Counter,
/// }
///
/// let registry = Registry::new();
/// let crawler = registry.register::<Crawler>()?;
/// crawler.pages_fetched_total.inc();
/// crawler.pages_fetched_total.add(2);
///
/// assert_eq!(crawler.pages_fetched_total.get(), 3);
/// assert_eq!(registry.to_text(), "\
/// ## HELP pages_fetched_total Pages fetched.
/// ## TYPE pages_fetched_total counter
/// pages_fetched_total 3
/// ");
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug)]
pub struct Counter {
    value: AtomicU64,
    stripes: Stripes<AtomicU64>,
    contention: Contention,
    exemplar: exemplar::Store,
}

impl Counter {
    pub(crate) fn new() -> Self {
        Self {
            value: AtomicU64::new(0),
            stripes: Stripes::new(),
            contention: Contention::new(),
            exemplar: exemplar::Store::new(),
        }
    }

    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds `n`; 0 does nothing.
    #[inline]
    pub fn add(&self, n: u64) {
        if let Some(stripe) = self.stripes.mine() {
            stripe.fetch_add(n, Ordering::Relaxed);
            return;
        }
        let before = self.value.fetch_add(n, Ordering::Relaxed);
        if Contention::is_due(before) && self.contention.look() {
            self.stripes.grow(|| AtomicU64::new(0));
        }
    }

    /// Adds 1, and offers it as the counter's exemplar; see [`add_with_exemplar`](Self::add_with_exemplar).
    pub fn inc_with_exemplar<'a>(&self, labels: impl Into<ExemplarLabels<'a>>) {
        self.add_with_exemplar(1, labels);
    }

    /// Adds `n`, and offers it as the counter's exemplar.
    ///
    /// A counter keeps the first exemplar that is offered after a scrape has shown the one before. The text format 0.0.4
    /// shows none; OpenMetrics writes
    ///
    /// ```text
    /// orders_total 5 # {order="a-17"} 1.0 1700000000.123
    /// ```
    #[allow(clippy::cast_precision_loss)] // an exemplar is a float
    pub fn add_with_exemplar<'a>(&self, n: u64, labels: impl Into<ExemplarLabels<'a>>) {
        self.add(n);
        self.exemplar.offer(0, 1, n as f64, labels);
    }

    /// The value now. Never goes down between two calls, whatever other threads do.
    #[must_use]
    pub fn get(&self) -> u64 {
        // What was counted before the stripes stays in `value`.
        self.stripes
            .all()
            .map(|stripe| stripe.load(Ordering::Relaxed))
            .fold(self.value.load(Ordering::Relaxed), u64::wrapping_add)
    }

    /// Splits the counter as contention would.
    #[cfg(test)]
    pub(super) fn split(&self) {
        self.stripes.grow(|| AtomicU64::new(0));
    }
}

impl metric::Sealed for Counter {
    const STATES: Option<&'static [&'static str]> = None;

    fn new(_: &CellConfig) -> Self {
        Self::new()
    }

    fn exemplars(&self, buffer: &mut ExemplarBuffer) {
        self.exemplar.read(|_| 0, buffer);
    }

    fn read<'a>(&'a self, _: Wants, _: &'a mut Values) -> Reading<'a> {
        Reading::Counter(self.get())
    }
}

impl Metric for Counter {
    const KIND: Kind = Kind::Counter;
}
