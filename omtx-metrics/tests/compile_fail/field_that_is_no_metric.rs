use omtx_metrics::MetricSet;

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Requests.
    requests_total: u64,
}

fn main() {}
