//! Native buckets as a histogram needs them.

use super::NativeBuckets;

/// What native histograms share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NativeLayout {
    /// Of a series that has not exceeded the limit yet.
    pub(super) schema: i32,
    pub(super) max_buckets: usize,
    pub(super) zero_threshold: f64,
}

impl NativeLayout {
    /// `buckets` has no fault; the caller has checked.
    pub(crate) fn new(buckets: &NativeBuckets) -> Self {
        let (max_buckets, zero_threshold) = buckets.limits();
        Self {
            schema: buckets.schema(),
            max_buckets,
            zero_threshold,
        }
    }
}
