//! Observations in buckets.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::contention::Contention;
use super::stripes::Stripes;
use super::{Bounds, CellConfig, Metric, Reading, Values, Wants, float, metric};
use crate::Kind;
use crate::sync::{AtomicU64, Ordering};

/// Observations counted in buckets, with their sum: durations in seconds, sizes in bytes.
///
/// An observation adds to one bucket and to the sum; the count is derived at scrape time, so that the `+Inf` bucket
/// equals `_count` even while other threads write. (`_sum` is read apart from them, and may be one observation ahead or behind.) When threads fight over a histogram it splits into stripes by
/// itself. Buckets are [`buckets::DURATION_SECONDS`](crate::buckets::DURATION_SECONDS) unless the declaration says
/// otherwise.
///
/// ```
/// # use omtx_metrics::{Histogram, MetricSet, Registry};
/// /// A cache.
/// #[derive(MetricSet)]
/// struct Cache {
///     /// Time to load an entry.
///     #[metric(unit = "seconds", buckets = [0.1, 1.0])]
///     load_duration_seconds: Histogram,
/// }
///
/// let registry = Registry::new();
/// let cache = registry.register::<Cache>()?;
/// cache.load_duration_seconds.observe(0.25);
/// cache.load_duration_seconds.observe(4.0);
///
/// assert!(registry.to_text().ends_with("\
/// load_duration_seconds_bucket{le=\"0.1\"} 0
/// load_duration_seconds_bucket{le=\"1\"} 1
/// load_duration_seconds_bucket{le=\"+Inf\"} 2
/// load_duration_seconds_sum 4.25
/// load_duration_seconds_count 2
/// "));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
///
/// NaN and `+Inf` count in the `+Inf` bucket, `-Inf` in the first; none of the three is added to the sum, which they
/// would spoil until the process ends. Where the first bound is negative, `_sum` is left out of the exposition.
#[derive(Debug)]
pub struct Histogram {
    bounds: Arc<Bounds>,
    cells: Cells,
    stripes: Stripes<Cells>,
    /// Asked when an exchange on the sum fails.
    contention: Contention,
}

/// One sum and one count per bucket.
#[derive(Debug)]
struct Cells(Box<[AtomicU64]>);

/// Words between a stripe's cells and its neighbours on the heap: one pair of cache lines.
const PADDING: usize = 16;

impl Cells {
    fn new(buckets: usize, padding: usize) -> Self {
        Self(
            (0..1 + buckets + padding)
                .map(|_| AtomicU64::new(0))
                .collect(),
        )
    }

    /// False if another thread was adding to the sum at the same time.
    #[inline]
    fn add(&self, bucket: usize, value: f64) -> bool {
        self.0[1 + bucket].fetch_add(1, Ordering::Relaxed);
        // A body without content is the most common size of all, and adds nothing to the sum.
        value == 0.0 || !value.is_finite() || float::add(&self.0[0], value)
    }

    fn add_to(&self, buckets: &mut [u64]) -> f64 {
        for (total, cell) in buckets.iter_mut().zip(&self.0[1..]) {
            *total = total.wrapping_add(cell.load(Ordering::Relaxed));
        }
        float::load(&self.0[0])
    }
}

impl Histogram {
    /// Counts one observation.
    #[inline]
    pub fn observe(&self, value: f64) {
        let bucket = self.bounds.bucket_of(value);
        match self.stripes.mine() {
            Some(stripe) => {
                stripe.add(bucket, value);
            }
            None => {
                if !self.cells.add(bucket, value) {
                    self.collided();
                }
            }
        }
    }

    /// Two threads met in the sum. By chance that happens to every histogram some day; twice within a moment is no chance.
    #[cold]
    fn collided(&self) {
        if self.contention.look() {
            let buckets = self.bounds.upper().len() + 1;
            self.stripes.grow(|| Cells::new(buckets, PADDING));
        }
    }

    /// Counts a duration in seconds.
    #[inline]
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// Runs `f` and counts how long it took, in seconds; also if it panics.
    pub fn time<R>(&self, f: impl FnOnce() -> R) -> R {
        let _timer = Self::start_timer(self);
        f()
    }

    /// Counts, in seconds, how long the timer that comes back lives: also across `.await`, a panic, a cancelled future.
    ///
    /// `histogram` is anything that leads to the histogram: a reference, or a [`Handle`](crate::Handle).
    ///
    /// ```
    /// # use omtx_metrics::{Histogram, MetricSet, Registry};
    /// # /// A cache.
    /// # #[derive(MetricSet)]
    /// # struct Cache {
    /// #     /// Time to load an entry.
    /// #     load_duration_seconds: Histogram,
    /// # }
    /// # let cache = Registry::new().register::<Cache>()?;
    /// let timer = Histogram::start_timer(&cache.load_duration_seconds);
    /// drop(timer);
    /// Histogram::start_timer(&cache.load_duration_seconds).discard();
    /// assert_eq!(cache.load_duration_seconds.count(), 1);
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    pub fn start_timer<H: Deref<Target = Self>>(histogram: H) -> Timer<H> {
        Timer {
            histogram,
            started: Some(Instant::now()),
        }
    }

    /// How many observations there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        let mut buckets = Vec::new();
        self.snapshot(&mut buckets);
        buckets
            .iter()
            .fold(0, |sum, &bucket| sum.wrapping_add(bucket))
    }

    /// The sum of all finite observations.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.snapshot(&mut Vec::new())
    }

    /// Puts the buckets, not cumulative, into `buckets` and returns the sum.
    fn snapshot(&self, buckets: &mut Vec<u64>) -> f64 {
        buckets.clear();
        buckets.resize(self.bounds.upper().len() + 1, 0);
        // What was counted before the stripes stays in `cells`.
        let first = self.cells.add_to(buckets);
        self.stripes
            .all()
            .fold(first, |sum, stripe| sum + stripe.add_to(buckets))
    }

    /// Splits the histogram as contention would.
    #[cfg(test)]
    pub(super) fn split(&self) {
        let buckets = self.bounds.upper().len() + 1;
        self.stripes.grow(|| Cells::new(buckets, PADDING));
    }
}

/// Counts how long it lives; see [`Histogram::start_timer`].
#[derive(Debug)]
#[must_use = "the time until this is dropped is what is counted"]
pub struct Timer<H: Deref<Target = Histogram>> {
    histogram: H,
    started: Option<Instant>,
}

impl<H: Deref<Target = Histogram>> Timer<H> {
    /// Ends the timer without counting.
    pub fn discard(mut self) {
        self.started = None;
    }
}

impl<H: Deref<Target = Histogram>> Drop for Timer<H> {
    fn drop(&mut self) {
        if let Some(started) = self.started {
            self.histogram.observe_duration(started.elapsed());
        }
    }
}

impl metric::Sealed for Histogram {
    const STATES: Option<&'static [&'static str]> = None;

    fn new(config: &CellConfig) -> Self {
        Self {
            bounds: Arc::clone(&config.bounds),
            cells: Cells::new(config.bounds.upper().len() + 1, 0),
            stripes: Stripes::new(),
            contention: Contention::new(),
        }
    }

    fn read<'a>(&'a self, _: Wants, values: &'a mut Values) -> Reading<'a> {
        let sum = self.snapshot(&mut values.buckets);
        Reading::Histogram {
            bounds: &self.bounds,
            buckets: &values.buckets,
            sum,
            native: None,
        }
    }
}

impl Metric for Histogram {
    const KIND: Kind = Kind::Histogram;
}
