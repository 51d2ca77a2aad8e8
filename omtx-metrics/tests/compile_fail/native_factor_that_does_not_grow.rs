use omtx_metrics::{Histogram, MetricSet};

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Durations.
    #[metric(native = 1.0)]
    duration_seconds: Histogram,
}

fn main() {}
