//! A value about which nothing is promised.

use super::{CellConfig, Gauge, Metric, Reading, Values, Wants, metric};
use crate::Kind;

/// A value about which nothing is promised; `untyped` in text 0.0.4.
///
/// For names that must stay although they fit no type. Everything else has a better type: prefer [`Gauge`].
///
/// ```
/// # use omtx_metrics::{MetricSet, Registry, Unknown};
/// /// A name that a dashboard holds.
/// #[derive(MetricSet)]
/// struct Legacy {
///     /// Dollars spent; prefer `llm_cost_usd_total`.
///     llm_cost_dollars: Unknown,
/// }
///
/// let registry = Registry::new();
/// registry.register::<Legacy>()?.llm_cost_dollars.set(1.5);
/// assert!(registry.to_text().contains("# TYPE llm_cost_dollars untyped\nllm_cost_dollars 1.5\n"));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug)]
pub struct Unknown {
    value: Gauge,
}

impl Unknown {
    /// Sets the value.
    #[inline]
    pub fn set(&self, value: f64) {
        self.value.set(value);
    }

    /// Adds `value`, which may be negative.
    #[inline]
    pub fn add(&self, value: f64) {
        self.value.add(value);
    }

    /// The value now.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.value.get()
    }
}

impl metric::Sealed for Unknown {
    const STATES: Option<&'static [&'static str]> = None;

    fn new(config: &CellConfig) -> Self {
        Self {
            value: metric::Sealed::new(config),
        }
    }

    fn read<'a>(&'a self, _: Wants, _: &'a mut Values) -> Reading<'a> {
        Reading::Gauge(self.get())
    }
}

impl Metric for Unknown {
    const KIND: Kind = Kind::Unknown;
}
