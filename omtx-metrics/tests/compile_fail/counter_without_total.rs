use omtx_metrics::{Counter, MetricSet};

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Requests.
    requests: Counter,
}

fn main() {}
