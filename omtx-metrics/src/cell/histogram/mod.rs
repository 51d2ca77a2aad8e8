//! Observations in buckets.
//!
//! ```text
//! side.rs     what is counted: stripes of classic buckets, a sum and native buckets
//! resets.rs   beginning again at 0 on another side, while threads count
//! timer.rs    counting how long something takes
//! ```

mod resets;
mod side;
mod timer;

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use omtx_context::TraceContext;

use self::resets::Resets;
use self::side::Side;
pub use self::timer::Timer;
use super::contention::Contention;
use super::native::Merge;
use super::{
    CellConfig, ExemplarBuffer, ExemplarLabels, Layout, Metric, Reading, Values, Wants, exemplar,
    metric,
};
use crate::Kind;
use crate::time::Timestamp;

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
    /// The only side, if there are no resets.
    side: Side,
    resets: Option<Box<Resets>>,
    /// Asked when an exchange fails.
    contention: Contention,
    exemplars: exemplar::Store,
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
        let side = match &self.resets {
            None => &self.side,
            Some(resets) => resets.counting(&self.side),
        };
        if !side.add(&self.layout, value) {
            self.collided(side);
        }
    }

    /// Two threads met in a sum or a bucket. By chance that happens to every histogram some day; twice within a moment is no
    /// chance.
    #[cold]
    fn collided(&self, side: &Side) {
        if self.contention.look() {
            side.split(&self.layout);
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

    /// How many observations there were; since the last reset, if there are [resets](super::NativeBuckets#resets).
    #[must_use]
    pub fn count(&self) -> u64 {
        let mut values = Values::default();
        self.snapshot(false, &mut values);
        total(&values.buckets)
    }

    /// The sum of all finite observations; since the last reset, if there are [resets](super::NativeBuckets#resets).
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.snapshot(false, &mut Values::default()).sum
    }

    /// Puts the buckets, not cumulative, into `values`.
    fn snapshot(&self, wants_native: bool, values: &mut Values) -> Snapshot {
        values.buckets.clear();
        values.buckets.resize(self.layout.buckets(), 0);
        let native = self.layout.native.as_ref();
        let native = native.filter(|_| wants_native || !self.layout.has_classic());
        let Some(resets) = &self.resets else {
            let sum = self.side.add_to(&mut values.buckets);
            if let Some(layout) = native {
                let mut merge = Merge::new(layout, &mut values.native);
                self.side.merge(&mut merge);
                merge.finish(sum);
                agree(values);
            }
            return Snapshot { sum, reset: None };
        };
        let sides = resets.lock(&self.side);
        let mut snapshot = sides.read(native, values);
        if let Some(layout) = native.filter(|_| wants_native) {
            if layout.is_coarsened(&values.native) && sides.is_due(layout) {
                if let Some(sum) = sides.reset(layout, values) {
                    snapshot.sum = sum;
                    // Those that were left before are of buckets that have begun again.
                    self.exemplars.clear();
                }
            }
        }
        snapshot
    }

    /// How often it has begun again.
    #[cfg(test)]
    pub(super) fn began_again(&self) -> usize {
        self.resets.as_ref().map_or(0, |resets| resets.count())
    }

    /// Splits the histogram as contention would.
    #[cfg(test)]
    pub(super) fn split(&self) {
        let side = self.resets.as_ref();
        let side = side.map_or(&self.side, |resets| resets.counting(&self.side));
        side.split(&self.layout);
    }
}

/// What a histogram has besides its buckets.
struct Snapshot {
    sum: f64,
    /// When the histogram began again, if it ever has.
    reset: Option<Timestamp>,
}

/// The native form is counted first and read last, so that it has all that the classic one has. What came in between has no
/// classic bucket yet: it waits in the last one, so that both forms have one count.
fn agree(values: &mut Values) {
    let Values { buckets, native } = values;
    let classic = total(buckets);
    if let Some(infinite) = buckets.last_mut() {
        *infinite = infinite.wrapping_add(native.count.saturating_sub(classic));
    }
    // Only if a thread has slept from one reset to the moment of the one after the next, between two of its instructions:
    // its classic bucket counts in a series that its native one was not in.
    let mut ahead = classic.saturating_sub(native.count);
    for bucket in buckets.iter_mut().rev() {
        let less = ahead.min(*bucket);
        *bucket -= less;
        ahead -= less;
    }
}

fn total(buckets: &[u64]) -> u64 {
    buckets
        .iter()
        .fold(0, |sum, &bucket| sum.wrapping_add(bucket))
}

impl metric::Sealed for Histogram {
    const STATES: Option<&'static [&'static str]> = None;

    fn new(config: &CellConfig) -> Self {
        Self {
            layout: Arc::clone(&config.layout),
            side: Side::new(&config.layout),
            resets: Resets::new(&config.layout).map(Box::new),
            contention: Contention::new(),
            exemplars: exemplar::Store::new(),
        }
    }

    fn exemplars(&self, buffer: &mut ExemplarBuffer) {
        let bucket_of = |place| self.layout.exemplar_bucket(place);
        self.exemplars.read(bucket_of, buffer);
    }

    fn read<'a>(&'a self, wants: Wants, values: &'a mut Values) -> Reading<'a> {
        let Snapshot { sum, reset } = self.snapshot(wants.native, values);
        let is_native = wants.native && self.layout.native.is_some();
        Reading::Histogram {
            bounds: &self.layout.bounds,
            buckets: &values.buckets,
            sum,
            native: is_native.then_some(&values.native),
            reset,
        }
    }
}

impl Metric for Histogram {
    const KIND: Kind = Kind::Histogram;
}
