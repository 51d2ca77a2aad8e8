use omtx_metrics::{Gauge, Histogram, MetricSet};

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Twice the same.
    #[metric(buckets = [1.0, 1.0])]
    same: Histogram,
    /// Not finite.
    #[metric(buckets = [1.0, f64::INFINITY])]
    infinite: Histogram,
    /// None.
    #[metric(buckets = [])]
    none: Histogram,
    /// No histogram.
    #[metric(buckets = [1.0])]
    gauge: Gauge,
}

fn main() {}
