//! Which of several states hold.

use std::marker::PhantomData;

use super::{CellConfig, Metric, Reading, Values, Wants, metric};
use crate::sync::{AtomicU64, Ordering};
use crate::{Kind, LabelValue};

/// Which of a closed set of states hold: one row per state, 1 or 0. No state holds at first.
///
/// The states are a [`LabelValue`] enum of 64 variants at most (more do not compile). The label that carries them is
/// named after the family, prefix included, as OpenMetrics asks, or by `#[metric(state = "…")]`.
///
/// ```
/// # use omtx_metrics::{LabelValue, MetricSet, Registry, StateSet};
/// #[derive(Clone, Copy, LabelValue)]
/// enum Health { Healthy, Degraded, Unhealthy }
///
/// /// A service.
/// #[derive(MetricSet)]
/// struct Service {
///     /// How the service is.
///     #[metric(state = "status")]
///     health_status: StateSet<Health>,
/// }
///
/// let registry = Registry::new();
/// let service = registry.register::<Service>()?;
/// service.health_status.set(Health::Degraded);
/// assert!(registry.to_text().ends_with("\
/// health_status{status=\"healthy\"} 0
/// health_status{status=\"degraded\"} 1
/// health_status{status=\"unhealthy\"} 0
/// "));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug)]
pub struct StateSet<S> {
    mask: AtomicU64,
    states: PhantomData<fn() -> S>,
}

impl<S: LabelValue> StateSet<S> {
    /// Makes `state` the only one that holds.
    #[inline]
    pub fn set(&self, state: S) {
        self.mask.store(bit(state), Ordering::Relaxed);
    }

    /// Makes exactly these states hold, in one step: no scrape sees some of them only.
    pub fn set_all(&self, states: impl IntoIterator<Item = S>) {
        let mask = states.into_iter().fold(0, |mask, state| mask | bit(state));
        self.mask.store(mask, Ordering::Relaxed);
    }

    /// Makes no state hold.
    pub fn clear(&self) {
        self.mask.store(0, Ordering::Relaxed);
    }

    /// True if `state` holds.
    #[must_use]
    pub fn is(&self, state: S) -> bool {
        self.mask.load(Ordering::Relaxed) & bit(state) != 0
    }
}

fn bit<S: LabelValue>(state: S) -> u64 {
    1 << state.index()
}

impl<S: LabelValue> metric::Sealed for StateSet<S> {
    const STATES: Option<&'static [&'static str]> = Some(S::VALUES);

    fn new(_: &CellConfig) -> Self {
        const {
            assert!(S::VALUES.len() <= 64, "a state set has at most 64 states");
        }
        Self {
            mask: AtomicU64::new(0),
            states: PhantomData,
        }
    }

    fn read<'a>(&'a self, _: Wants, _: &'a mut Values) -> Reading<'a> {
        Reading::States {
            mask: self.mask.load(Ordering::Relaxed),
            states: S::VALUES,
        }
    }
}

impl<S: LabelValue> Metric for StateSet<S> {
    const KIND: Kind = Kind::StateSet;
}
