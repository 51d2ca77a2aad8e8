use omtx_metrics::{Gauge, Histogram, Info, MetricSet};

/// A set.
#[derive(MetricSet)]
struct Set {
    /// A gauge.
    requests_count: Gauge,
    /// A histogram.
    requests_total: Histogram,
    /// An info.
    build: Info,
}

fn main() {}
