//! The cells: what one series counts. They know nothing of names, labels or formats.

mod bounds;
pub mod buckets;
mod chain;
mod contention;
mod counter;
mod counter_f64;
mod exemplar;
mod float;
mod gauge;
mod histogram;
mod info;
mod int_gauge;
mod layout;
mod metric;
mod native;
mod scratch;
mod state_set;
mod stripes;
mod unknown;

pub(crate) use bounds::Bounds;
pub use counter::Counter;
pub use counter_f64::CounterF64;
pub(crate) use exemplar::{
    DropReason, Exemplar, ExemplarBuffer, Exemplars, dropped as exemplars_dropped,
};
pub use exemplar::{ExemplarLabels, MAX_EXEMPLAR_CHARS};
pub use gauge::Gauge;
pub use histogram::{Histogram, Timer};
pub use info::Info;
pub use int_gauge::{InFlight, IntGauge};
pub(crate) use layout::Layout;
pub use metric::Metric;
pub(crate) use metric::{CellConfig, Reading};
pub use native::{
    DEFAULT_NATIVE_FACTOR, DEFAULT_NATIVE_MAX_BUCKETS, DEFAULT_NATIVE_MIN_RESET_INTERVAL,
    DEFAULT_NATIVE_ZERO_THRESHOLD, NativeBuckets,
};
pub(crate) use native::{NativeLayout, NativeReading};
pub use scratch::Wants;
pub(crate) use scratch::{Scratch, Values};
pub use state_set::StateSet;
pub(crate) use stripes::{Stripes, prepare};
pub use unknown::Unknown;

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod splitting;

/// A cell that counted nothing yet.
pub(crate) fn new<M: Metric>(config: &CellConfig) -> M {
    metric::Sealed::new(config)
}
