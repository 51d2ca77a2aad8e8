use omtx_metrics::{Counter, MetricSet};

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Jobs.
    #[metric(idle = "1 hour")]
    jobs_total: Counter,
}

fn main() {}
