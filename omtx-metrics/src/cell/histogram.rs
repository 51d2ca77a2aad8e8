//! Observations in buckets.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use omtx_context::TraceContext;

use super::contention::Contention;
use super::native::{Counts, NativeLayout, NativeReading, merge};
use super::stripes::Stripes;
use super::{
    CellConfig, ExemplarBuffer, ExemplarLabels, Layout, Metric, Reading, Values, Wants, exemplar,
    float, metric,
};
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
    layout: Arc<Layout>,
    cells: Cells,
    stripes: Stripes<Cells>,
    /// Asked when an exchange on the sum fails.
    contention: Contention,
    exemplars: exemplar::Store,
}

/// What one stripe counts.
#[derive(Debug)]
struct Cells {
    /// The sum, and a count for each classic bucket.
    words: Box<[AtomicU64]>,
    native: Counts,
}

/// Words between a stripe's cells and its neighbours on the heap: one pair of cache lines.
const PADDING: usize = 16;

impl Cells {
    fn new(layout: &Layout, padding: usize) -> Self {
        Self {
            words: (0..1 + layout.buckets() + padding)
                .map(|_| AtomicU64::new(0))
                .collect(),
            native: Counts::new(),
        }
    }

    /// False if another thread was adding to the sum at the same time.
    #[inline]
    fn add(&self, layout: &Layout, value: f64) -> bool {
        let bucket = || &self.words[1 + layout.bounds.bucket_of(value)];
        match &layout.native {
            None => {
                bucket().fetch_add(1, Ordering::Relaxed);
            }
            Some(native) => {
                self.native.add(native, value);
                if layout.has_classic() {
                    // Release, and the native form first: whoever sees the one has to see the other.
                    bucket().fetch_add(1, Ordering::Release);
                }
            }
        }
        // A body without content is the most common size of all, and adds nothing to the sum.
        value == 0.0 || !value.is_finite() || float::add(&self.words[0], value)
    }

    fn add_to(&self, buckets: &mut [u64]) -> f64 {
        for (total, cell) in buckets.iter_mut().zip(&self.words[1..]) {
            *total = total.wrapping_add(cell.load(Ordering::Acquire));
        }
        float::load(&self.words[0])
    }
}

impl Histogram {
    /// Counts one observation.
    #[inline]
    pub fn observe(&self, value: f64) {
        self.count_observation(value);
        if self.layout.exemplars {
            self.exemplify(value, TraceContext::current());
        }
    }

    #[inline]
    fn count_observation(&self, value: f64) {
        match self.stripes.mine() {
            Some(stripe) => {
                stripe.add(&self.layout, value);
            }
            None => {
                if !self.cells.add(&self.layout, value) {
                    self.collided();
                }
            }
        }
    }

    /// Two threads met in the sum. By chance that happens to every histogram some day; twice within a moment is no chance.
    #[cold]
    fn collided(&self) {
        if self.contention.look() {
            self.stripes.grow(|| Cells::new(&self.layout, PADDING));
        }
    }

    /// Counts one observation that `trace` belongs to, if there is one.
    #[cfg(feature = "http")]
    #[inline]
    pub(crate) fn observe_in(&self, value: f64, trace: Option<TraceContext>) {
        self.count_observation(value);
        if self.layout.exemplars {
            self.exemplify(value, trace);
        }
    }

    /// Leaves an exemplar if the trace is sampled.
    #[inline]
    fn exemplify(&self, value: f64, trace: Option<TraceContext>) {
        if let Some(trace) = trace.filter(TraceContext::is_sampled) {
            self.offer_exemplar(value, trace);
        }
    }

    #[inline]
    fn offer_exemplar<'a>(&self, value: f64, labels: impl Into<ExemplarLabels<'a>>) {
        // What is not a number is in no bucket, and no example of one.
        if !value.is_nan() {
            let (place, most) = self.layout.exemplar_place(value);
            self.exemplars.offer(place, most, value, labels);
        }
    }

    /// Counts one observation, and offers it as the exemplar of its bucket.
    ///
    /// Each bucket keeps the first exemplar that is offered after a scrape has shown the one before: Prometheus keeps one
    /// for each bucket and scrape. The text format 0.0.4 shows none. What the labels may be, and what becomes of those that
    /// may not, says [`ExemplarLabels`].
    ///
    /// A family that is declared with `#[metric(exemplars)]` does this by itself for every observation in a sampled
    /// [`TraceContext`].
    pub fn observe_with_exemplar<'a>(&self, value: f64, labels: impl Into<ExemplarLabels<'a>>) {
        self.count_observation(value);
        self.offer_exemplar(value, labels);
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
        let mut values = Values::default();
        self.snapshot(false, &mut values);
        total(&values.buckets)
    }

    /// The sum of all finite observations.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.snapshot(false, &mut Values::default())
    }

    /// Puts the buckets, not cumulative, into `values` and returns the sum.
    fn snapshot(&self, wants_native: bool, values: &mut Values) -> f64 {
        let Values { buckets, native } = values;
        buckets.clear();
        buckets.resize(self.layout.buckets(), 0);
        // What was counted before the stripes stays in `cells`.
        let sum = self
            .all()
            .fold(0.0, |sum, cells| sum + cells.add_to(buckets));
        if let Some(layout) = &self.layout.native {
            if wants_native || !self.layout.has_classic() {
                self.snapshot_native(layout, sum, buckets, native);
            }
        }
        sum
    }

    fn snapshot_native(
        &self,
        layout: &NativeLayout,
        sum: f64,
        buckets: &mut [u64],
        native: &mut NativeReading,
    ) {
        merge(layout, self.all().map(|cells| &cells.native), sum, native);
        // The native form is counted first and read last, so that it has all that the classic one has. What came in
        // between has no classic bucket yet: it waits in the last one, so that both forms have one count.
        let ahead = native.count.wrapping_sub(total(buckets));
        if let Some(infinite) = buckets.last_mut() {
            *infinite = infinite.wrapping_add(ahead);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Cells> + Clone {
        std::iter::once(&self.cells).chain(self.stripes.all())
    }

    /// Splits the histogram as contention would.
    #[cfg(test)]
    pub(super) fn split(&self) {
        self.stripes.grow(|| Cells::new(&self.layout, PADDING));
    }
}

fn total(buckets: &[u64]) -> u64 {
    buckets
        .iter()
        .fold(0, |sum, &bucket| sum.wrapping_add(bucket))
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
            layout: Arc::clone(&config.layout),
            cells: Cells::new(&config.layout, 0),
            stripes: Stripes::new(),
            contention: Contention::new(),
            exemplars: exemplar::Store::new(),
        }
    }

    fn exemplars(&self, buffer: &mut ExemplarBuffer) {
        let bucket_of = |place| self.layout.exemplar_bucket(place);
        self.exemplars.read(bucket_of, buffer);
    }

    fn read<'a>(&'a self, wants: Wants, values: &'a mut Values) -> Reading<'a> {
        let sum = self.snapshot(wants.native, values);
        let is_native = wants.native && self.layout.native.is_some();
        Reading::Histogram {
            bounds: &self.layout.bounds,
            buckets: &values.buckets,
            sum,
            native: is_native.then_some(&values.native),
        }
    }
}

impl Metric for Histogram {
    const KIND: Kind = Kind::Histogram;
}
