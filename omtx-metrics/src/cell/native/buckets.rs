//! How native buckets are chosen.

use std::time::Duration;

/// How much wider each native bucket is than the one before, at most, unless its family says otherwise: 1.1.
pub const DEFAULT_NATIVE_FACTOR: f64 = 1.1;

/// Native buckets that one series may have unless its family says otherwise: 160. OpenTelemetry's exponential histograms
/// have the same limit.
pub const DEFAULT_NATIVE_MAX_BUCKETS: usize = 160;

/// Up to here an observation falls into the zero bucket unless its family says otherwise: 2^-128, as in client_golang.
pub const DEFAULT_NATIVE_ZERO_THRESHOLD: f64 = f64::from_bits((1_023 - 128) << 52);

/// How long a series counts at least before it is reset, unless its family says otherwise: zero, which stands for no resets,
/// as in client_golang.
pub const DEFAULT_NATIVE_MIN_RESET_INTERVAL: Duration = Duration::ZERO;

/// One of either sign, so that infinities never need to join the zero bucket.
const FEWEST_BUCKETS: usize = 2;

/// The most buckets that a series can be allowed.
const MOST_BUCKETS: usize = 10_000;

/// How the buckets of a native histogram are chosen: no bounds, but how fine they are and how many there may be.
///
/// ```
/// use omtx_metrics::{Histogram, MetricSet, NativeBuckets, Registry};
///
/// /// A cache.
/// #[derive(MetricSet)]
/// struct Cache {
///     /// Time to load an entry.
///     #[metric(unit = "seconds", native)] // beside the classic buckets
///     load_duration_seconds: Histogram,
///     /// Time to store an entry.
///     #[metric(unit = "seconds", native = 1.02)] // finer
///     store_duration_seconds: Histogram,
///     /// Size of an entry.
///     #[metric(unit = "bytes", native = NativeBuckets::new().max_buckets(50).without_classic())]
///     entry_size_bytes: Histogram,
/// }
///
/// let registry = Registry::new();
/// let cache = registry.register::<Cache>()?;
/// cache.entry_size_bytes.observe(1_000.0);
///
/// // The text format has no word for native buckets: without classic ones there is `+Inf`, as client_golang writes it.
/// assert!(registry.to_text().contains("\
/// ## TYPE entry_size_bytes histogram
/// entry_size_bytes_bucket{le=\"+Inf\"} 1
/// entry_size_bytes_sum 1000
/// entry_size_bytes_count 1
/// "));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
///
/// # Buckets
///
/// With growth factor 1.1 (schema 3) a quantile is off by 4.4 % at most, whatever the values are, and latencies between
/// 1 ms and 10 s need 107 buckets if every one of them is hit. A bucket takes memory once it is.
///
/// # When there are too many
///
/// Beyond [`max_buckets`](Self::max_buckets) the resolution halves: every two buckets become one, as often as it takes.
/// Where the coarsest schema (-4, a factor of 65 536) still has too many, the zero bucket grows over those next to it. No
/// observation is lost by either. Prometheus notes the change of schema and goes on.
///
/// # Resets
///
/// A series that once had values of all sizes stays coarse, also when they are all alike again, unless its family has a
/// [`min_reset_interval`](Self::min_reset_interval): then it begins again at 0, with all of its resolution and a new created
/// timestamp, which Prometheus takes for a restart.
///
/// client_golang throws away what was observed between the last scrape and a reset. Here it is a scrape that resets: it
/// shows the series as it was, and what it has not shown is in the series that begins. Classic buckets, sum and count begin
/// again with the native ones, since they are one series. Only readers of the native form reset (scrapes in protobuf,
/// a `prometheus` registry that our rows are in, OTLP); where all scrapes are text, nothing has a resolution to regain.
///
/// ```text
/// entry_size_bytes_count 10000    entry_size_bytes_created 1700000000.000    the scrape that resets, in its coarse buckets
/// entry_size_bytes_count 12       entry_size_bytes_created 1700003600.000    the next, 12 observations later
/// ```
///
/// A second Prometheus that scrapes the same target sees the reset as well, but not what was observed between its own last
/// scrape and the reset: as with every restart.
///
/// # Special values
///
/// Values within the zero threshold, zeros above all, are in the zero bucket. Infinities are in the bucket beyond the
/// largest number's. NaN counts and is in no bucket; since Prometheus accepts that only where the sum is NaN, the native
/// form's sum is from then on.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "these are settings, to be given to a family"]
pub struct NativeBuckets {
    factor: f64,
    max_buckets: usize,
    zero_threshold: f64,
    min_reset_interval: Duration,
    classic: bool,
}

impl NativeBuckets {
    /// [`DEFAULT_NATIVE_FACTOR`], [`DEFAULT_NATIVE_MAX_BUCKETS`], [`DEFAULT_NATIVE_ZERO_THRESHOLD`], no resets, beside
    /// classic buckets.
    pub const fn new() -> Self {
        Self {
            factor: DEFAULT_NATIVE_FACTOR,
            max_buckets: DEFAULT_NATIVE_MAX_BUCKETS,
            zero_threshold: DEFAULT_NATIVE_ZERO_THRESHOLD,
            min_reset_interval: DEFAULT_NATIVE_MIN_RESET_INTERVAL,
            classic: true,
        }
    }

    /// How much wider each bucket is than the one before, at most: the coarsest schema that grows no faster is chosen, of
    /// those from 8 (a factor of 1.0027) to -4 (65 536). Above 1 and finite. Default: [`DEFAULT_NATIVE_FACTOR`], schema 3, whose
    /// buckets grow by 1.0905.
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// How many buckets a series may have, the zero bucket not counted: 2 to 10 000. Default: [`DEFAULT_NATIVE_MAX_BUCKETS`].
    pub const fn max_buckets(mut self, max_buckets: usize) -> Self {
        self.max_buckets = max_buckets;
        self
    }

    /// Up to which distance from 0 observations fall into the zero bucket; 0 for zeros only. Default:
    /// [`DEFAULT_NATIVE_ZERO_THRESHOLD`].
    pub const fn zero_threshold(mut self, threshold: f64) -> Self {
        self.zero_threshold = threshold;
        self
    }

    /// How long a series counts at least, from its beginning or its last reset, before a scrape that finds it coarsened by
    /// its limit [resets](Self#resets) it; client_golang calls this `NativeHistogramMinResetDuration`. An hour is a usual
    /// choice: each reset costs Prometheus a chunk. Zero: never. Default: [`DEFAULT_NATIVE_MIN_RESET_INTERVAL`], zero.
    ///
    /// A family with resets keeps twice the memory for its buckets. An observation costs what it costs without.
    ///
    /// ```
    /// use std::time::Duration;
    /// use omtx_metrics::{Histogram, NativeBuckets, Registry};
    ///
    /// let registry = Registry::new();
    /// let sizes = registry.family::<(), Histogram>("entry_size_bytes", "Size of an entry.");
    /// let hourly = NativeBuckets::new().min_reset_interval(Duration::from_secs(3_600));
    /// let sizes = sizes.native(hourly).register()?.handle(());
    /// sizes.observe(1_000.0);
    /// assert_eq!(sizes.count(), 1); // since the last reset
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    pub const fn min_reset_interval(mut self, interval: Duration) -> Self {
        self.min_reset_interval = interval;
        self
    }

    /// Leaves out the classic buckets, whatever the family declares: text formats then show count and sum only. Default:
    /// both forms.
    pub const fn without_classic(mut self) -> Self {
        self.classic = false;
        self
    }

    pub(crate) const fn has_classic(&self) -> bool {
        self.classic
    }

    /// What is wrong, if anything: the setting, its value, and what it is to be.
    #[allow(clippy::cast_precision_loss)] // of a limit that is out of range
    pub(crate) const fn fault(&self) -> Option<(&'static str, f64, &'static str)> {
        if !(self.factor > 1.0 && self.factor < f64::INFINITY) {
            return Some(("native factor", self.factor, "a finite factor above 1"));
        }
        if self.max_buckets < FEWEST_BUCKETS || self.max_buckets > MOST_BUCKETS {
            return Some(("native max_buckets", self.max_buckets as f64, "2 to 10000"));
        }
        if !(self.zero_threshold >= 0.0 && self.zero_threshold < f64::INFINITY) {
            return Some((
                "native zero_threshold",
                self.zero_threshold,
                "a finite number that is not negative",
            ));
        }
        None
    }

    /// The coarsest schema whose buckets grow by no more than the factor, as client_golang picks it.
    pub(super) fn schema(&self) -> i32 {
        let exponent = self.factor.log2().log2().floor();
        // Clamped first: the factor may be so close to 1 that its logarithm is 0.
        -(exponent.clamp(-8.0, 4.0) as i32)
    }

    pub(super) const fn reset_interval(&self) -> Duration {
        self.min_reset_interval
    }

    pub(super) const fn limits(&self) -> (usize, f64) {
        (self.max_buckets, self.zero_threshold)
    }
}

/// As [`NativeBuckets::new`].
impl Default for NativeBuckets {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// From client_golang's documentation of `NativeHistogramBucketFactor` and its `pickSchema`.
    #[test]
    fn a_factor_picks_the_schema_that_client_golang_picks() {
        for (factor, schema) in [
            (65_536.0, -4),
            (1e9, -4),
            (256.0, -3),
            (5.0, -1),
            (4.0, -1),
            (2.0, 0),
            (1.5, 1),
            (1.4, 2),
            (1.1, 3),
            (1.09, 4),
            (1.002, 8),
            (1.0_f64.next_up(), 8),
        ] {
            assert_eq!(
                NativeBuckets::new().factor(factor).schema(),
                schema,
                "{factor}"
            );
        }
    }
}
