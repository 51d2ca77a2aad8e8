//! What all cells have in common.

use std::sync::Arc;

use super::{Bounds, ExemplarBuffer, Layout, NativeReading, Values, Wants};
use crate::Kind;
use crate::time::Timestamp;

/// A cell that a [`Family`](crate::Family) can have: [`Counter`](crate::Counter), [`Gauge`](crate::Gauge),
/// [`Histogram`](crate::Histogram) and the others of this crate. Sealed: the encoders know them all.
pub trait Metric: Sealed + Send + Sync + 'static {
    /// What the cell measures.
    const KIND: Kind;
}

/// What only this crate may call.
#[doc(hidden)]
pub trait Sealed {
    /// The states of a state set.
    const STATES: Option<&'static [&'static str]>;

    fn new(config: &CellConfig) -> Self
    where
        Self: Sized;

    /// The value now. A histogram puts its buckets into `values`.
    fn read<'a>(&'a self, wants: Wants, values: &'a mut Values) -> Reading<'a>;

    /// Copies the exemplars, if there are any, to the empty buffer.
    fn exemplars(&self, _: &mut ExemplarBuffer) {}
}

/// What the cells of one family, or of one series, share.
#[derive(Debug, Clone)]
pub struct CellConfig {
    pub(crate) layout: Arc<Layout>,
}

/// One series' value, as an encoder wants it.
#[derive(Debug, Clone, Copy)]
pub enum Reading<'a> {
    Counter(u64),
    CounterF64(f64),
    Gauge(f64),
    IntGauge(i64),
    Histogram {
        bounds: &'a Bounds,
        /// Per bucket, not cumulative; the last is `+Inf`. A histogram of the native form only has no other.
        buckets: &'a [u64],
        sum: f64,
        /// `None` if the family has not the form, or it is not wanted. Its count is the sum of `buckets`.
        native: Option<&'a NativeReading>,
        /// When the histogram began again at 0, if it ever has.
        reset: Option<Timestamp>,
    },
    States {
        mask: u64,
        states: &'static [&'static str],
    },
}
