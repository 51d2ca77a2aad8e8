//! Storage.

use crate::{Family, IntGauge, Labels, MetricSet};

/// A place where data is kept.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct StorageLabels<'a> {
    /// The store's name: `results`, `uploads`… Never a path.
    pub store: &'a str,
}

/// How much is stored, and how much can be. The growth is `deriv(storage_used_bytes[1h])`.
#[derive(Debug, MetricSet)]
#[metrics(crate = crate)]
#[non_exhaustive]
pub struct StorageMetrics {
    /// Bytes in use.
    #[metric(unit = "bytes", max_series = 100)]
    pub storage_used_bytes: Family<StorageLabels<'static>, IntGauge>,
    /// Bytes that the store can hold.
    #[metric(unit = "bytes", max_series = 100)]
    pub storage_capacity_bytes: Family<StorageLabels<'static>, IntGauge>,
}
