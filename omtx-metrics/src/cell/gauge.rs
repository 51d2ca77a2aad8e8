//! A value that goes up and down.

use super::{CellConfig, Metric, Reading, Values, Wants, float, metric};
use crate::Kind;
use crate::sync::{AtomicU64, Ordering};

/// A value that goes up and down: a temperature, a ratio, an age. Starts at 0.
///
/// ```
/// # use omtx_metrics::{Gauge, MetricSet, Registry};
/// /// A pool.
/// #[derive(MetricSet)]
/// struct Pool {
///     /// Share of the pool in use.
///     pool_used_ratio: Gauge,
/// }
///
/// let registry = Registry::new();
/// let pool = registry.register::<Pool>()?;
/// pool.pool_used_ratio.set(0.5);
/// pool.pool_used_ratio.add(0.25);
/// assert!(registry.to_text().ends_with("pool_used_ratio 0.75\n"));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug)]
pub struct Gauge {
    bits: AtomicU64,
}

impl Gauge {
    /// Sets the value. NaN and infinities are exposed as such.
    #[inline]
    pub fn set(&self, value: f64) {
        self.bits.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Adds `value`, which may be negative.
    #[inline]
    pub fn add(&self, value: f64) {
        float::add(&self.bits, value);
    }

    /// Sets the value to the current time in seconds since the Unix epoch; 0 if the clock is set before it.
    pub fn set_to_current_time(&self) {
        let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        self.set(since_epoch.as_secs_f64());
    }

    /// The value now.
    #[must_use]
    pub fn get(&self) -> f64 {
        float::load(&self.bits)
    }
}

impl metric::Sealed for Gauge {
    const STATES: Option<&'static [&'static str]> = None;

    fn new(_: &CellConfig) -> Self {
        Self {
            bits: AtomicU64::new(0),
        }
    }

    fn read<'a>(&'a self, _: Wants, _: &'a mut Values) -> Reading<'a> {
        Reading::Gauge(self.get())
    }
}

impl Metric for Gauge {
    const KIND: Kind = Kind::Gauge;
}
