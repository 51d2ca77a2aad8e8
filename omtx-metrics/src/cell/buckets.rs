//! Bucket layouts for what services measure most, and two ways to make others.

/// Durations of HTTP requests in seconds: 1 ms to 60 s. The default of every histogram.
///
/// The last bound lies beyond every threshold that an alert on latency uses, so that such an alert can fire.
pub const DURATION_SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// Durations of jobs in seconds: 0.1 s to 12 h.
pub const JOB_SECONDS: &[f64] = &[
    0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0,
    43_200.0,
];

/// Sizes of bodies in bytes: 64 B to 1 GiB, by powers of eight.
pub const SIZE_BYTES: &[f64] = &[
    64.0,
    512.0,
    4_096.0,
    32_768.0,
    262_144.0,
    2_097_152.0,
    16_777_216.0,
    134_217_728.0,
    1_073_741_824.0,
];

/// `N` bounds, the first at `start`, each `factor` times the one before.
///
/// # Panics
///
/// At compile time where the result is a constant: if `start` is not positive, or `factor` not above 1.
///
/// ```
/// use omtx_metrics::buckets;
/// const POWERS: [f64; 4] = buckets::exponential(1.0, 10.0);
/// assert_eq!(POWERS, [1.0, 10.0, 100.0, 1000.0]);
/// ```
#[must_use]
pub const fn exponential<const N: usize>(start: f64, factor: f64) -> [f64; N] {
    assert!(start > 0.0, "exponential buckets start above 0");
    assert!(factor > 1.0, "exponential buckets grow by a factor above 1");
    let mut bounds = [start; N];
    let mut i = 1;
    while i < N {
        bounds[i] = bounds[i - 1] * factor;
        i += 1;
    }
    bounds
}

/// `N` bounds, the first at `start`, each `width` above the one before.
///
/// # Panics
///
/// At compile time where the result is a constant: if `width` is not positive.
///
/// ```
/// use omtx_metrics::buckets;
/// assert_eq!(buckets::linear::<3>(0.0, 0.5), [0.0, 0.5, 1.0]);
/// ```
#[must_use]
pub const fn linear<const N: usize>(start: f64, width: f64) -> [f64; N] {
    assert!(width > 0.0, "linear buckets have a positive width");
    let mut bounds = [start; N];
    let mut i = 1;
    while i < N {
        bounds[i] = bounds[i - 1] + width;
        i += 1;
    }
    bounds
}
