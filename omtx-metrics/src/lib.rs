//! Typed Prometheus metrics.

mod catalog;
mod cell;
mod collector;
mod desc;
mod encode;
mod error;
mod exporter;
mod family;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
#[cfg(feature = "prometheus")]
#[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
pub mod interop;
pub mod jobs;
mod label;
mod lock;
mod name;
mod registry;
mod sample;
mod set;
pub mod sets;
mod sync;
pub mod testing;

pub use catalog::{Catalog, CatalogFamily, CatalogLabel};
pub use cell::{
    Counter, CounterF64, Gauge, Histogram, InFlight, Info, IntGauge, Metric, StateSet, Timer, Unknown, buckets,
};
pub use collector::{Collector, Row, Rows};
pub use desc::{FamilyDesc, FamilyRef, Kind, LabelDesc};
pub use error::Error;
pub use exporter::{Exporter, Scrape, TEXT_CONTENT_TYPE};
pub use family::{Family, Handle};
pub use label::{LabelValue, Labels, MAX_VALUE_BYTES, OVERFLOW};
pub use omtx_macros::{LabelValue, Labels, MetricSet};
pub use registry::{DEFAULT_COLLECT_TIMEOUT, DEFAULT_MAX_SERIES, Registry, RegistryBuilder};
pub use set::{MetricSet, SetOptions};

/// What the derive macros expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private;
