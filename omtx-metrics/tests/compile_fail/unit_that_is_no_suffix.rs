use omtx_metrics::{Counter, Histogram, MetricSet};

/// A set.
#[derive(MetricSet)]
struct Set {
    /// A duration.
    #[metric(unit = "seconds")]
    job_duration: Histogram,
    /// Bytes.
    #[metric(unit = "bytes")]
    bytes_read_total: Counter,
}

fn main() {}
