//! A counter of fractions.

use super::contention::Contention;
use super::stripes::Stripes;
use super::{
    CellConfig, ExemplarBuffer, ExemplarLabels, Metric, Reading, Values, Wants, exemplar, float,
    metric,
};
use crate::Kind;
use crate::sync::{AtomicU64, Ordering};

/// A counter of fractions: seconds of CPU, joules, dollars. Starts at 0 and only goes up.
///
/// Use [`Counter`](crate::Counter) where whole numbers do: it is faster, and exact beyond 2^53.
///
/// ```
/// # use omtx_metrics::{CounterF64, MetricSet, Registry};
/// /// What inference costs.
/// #[derive(MetricSet)]
/// struct Cost {
///     /// Dollars spent.
///     llm_cost_usd_total: CounterF64,
/// }
///
/// let cost = Registry::new().register::<Cost>()?;
/// cost.llm_cost_usd_total.add(0.25);
/// cost.llm_cost_usd_total.add(-1.0); // a counter never goes down
/// cost.llm_cost_usd_total.add(f64::NAN); // and stays a number
/// assert_eq!(cost.llm_cost_usd_total.get(), 0.25);
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug)]
pub struct CounterF64 {
    bits: AtomicU64,
    stripes: Stripes<AtomicU64>,
    /// Asked when an exchange fails.
    contention: Contention,
    exemplar: exemplar::Store,
}

impl CounterF64 {
    /// Adds `value`. A negative, infinite or NaN `value` is left out: a counter that took it would be wrong for good.
    #[inline]
    pub fn add(&self, value: f64) {
        if !(value >= 0.0 && value.is_finite()) {
            return;
        }
        let mine = self.stripes.mine();
        if !float::add(mine.unwrap_or(&self.bits), value)
            && mine.is_none()
            && self.contention.look()
        {
            self.stripes.grow(|| AtomicU64::new(0));
        }
    }

    /// Adds `value`, and offers it as the counter's exemplar, as
    /// [`Counter::add_with_exemplar`](crate::Counter::add_with_exemplar) does. What is not added is no exemplar.
    pub fn add_with_exemplar<'a>(&self, value: f64, labels: impl Into<ExemplarLabels<'a>>) {
        self.add(value);
        if value >= 0.0 && value.is_finite() {
            self.exemplar.offer(0, 1, value, labels);
        }
    }

    /// The value now.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.stripes
            .all()
            .map(float::load)
            .fold(float::load(&self.bits), |sum, part| sum + part)
    }

    /// Moves the counter up to `total`, for a source that keeps its own count (a kernel, a driver). A `total` below the
    /// current value means that the source has restarted, and is taken over as it is. For one thread, and for a counter that
    /// nobody [`add`](Self::add)s to.
    pub fn mirror(&self, total: f64) {
        if total >= 0.0 && total.is_finite() {
            let striped: f64 = self.stripes.all().map(float::load).sum();
            self.bits
                .store((total - striped).max(0.0).to_bits(), Ordering::Relaxed);
        }
    }
}

impl metric::Sealed for CounterF64 {
    const STATES: Option<&'static [&'static str]> = None;

    fn new(_: &CellConfig) -> Self {
        Self {
            bits: AtomicU64::new(0),
            stripes: Stripes::new(),
            contention: Contention::new(),
            exemplar: exemplar::Store::new(),
        }
    }

    fn exemplars(&self, buffer: &mut ExemplarBuffer) {
        self.exemplar.read(|_| 0, buffer);
    }

    fn read<'a>(&'a self, _: Wants, _: &'a mut Values) -> Reading<'a> {
        Reading::CounterF64(self.get())
    }
}

impl Metric for CounterF64 {
    const KIND: Kind = Kind::Counter;
}
