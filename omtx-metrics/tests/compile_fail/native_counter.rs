use omtx_metrics::{Counter, MetricSet};

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Requests.
    #[metric(native)]
    requests_total: Counter,
}

fn main() {}
