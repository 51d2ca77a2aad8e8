use omtx_metrics::{Counter, MetricSet};

/// A set.
#[derive(MetricSet)]
struct Set {
    requests_total: Counter,
}

fn main() {}
