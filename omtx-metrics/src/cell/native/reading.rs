//! A native histogram as an encoder wants it.

/// The native form of one histogram: counts per exponential bucket.
///
/// Bucket `index` of a schema holds values in `(base^(index-1), base^index]`, where `base = 2^(2^-schema)`; negative
/// buckets hold the mirrored values. Source: Prometheus, "Native histograms", "Data model".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NativeReading {
    /// -4 to 8: the higher, the finer.
    pub(crate) schema: i32,
    /// Values in `[-zero_threshold, zero_threshold]` are counted in the zero bucket.
    pub(crate) zero_threshold: f64,
    pub(crate) zero_count: u64,
    /// Index and count of each populated bucket, by rising index; no count is 0.
    pub(crate) positive: Vec<(i32, u64)>,
    pub(crate) negative: Vec<(i32, u64)>,
    /// All observations: the buckets, the zero bucket and what was not a number.
    pub(crate) count: u64,
    /// NaN if a NaN was observed: only then does Prometheus accept a count above the sum of the buckets.
    pub(crate) sum: f64,
}
