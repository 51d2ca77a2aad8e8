//! Native buckets as a histogram needs them.

use std::time::Duration;

use super::{NativeBuckets, NativeReading};

/// What native histograms share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NativeLayout {
    /// Of a series that has not exceeded the limit yet.
    pub(super) schema: i32,
    pub(super) max_buckets: usize,
    pub(super) zero_threshold: f64,
    /// Zero if there are no resets.
    pub(crate) min_reset_interval: Duration,
}

impl NativeLayout {
    /// `buckets` has no fault; the caller has checked.
    pub(crate) fn new(buckets: &NativeBuckets) -> Self {
        let (max_buckets, zero_threshold) = buckets.limits();
        Self {
            schema: buckets.schema(),
            max_buckets,
            zero_threshold,
            min_reset_interval: buckets.reset_interval(),
        }
    }

    /// True if a series has had to give up some of its resolution to stay within its limit.
    pub(crate) fn is_coarsened(&self, reading: &NativeReading) -> bool {
        reading.schema < self.schema || reading.zero_threshold > self.zero_threshold
    }
}
