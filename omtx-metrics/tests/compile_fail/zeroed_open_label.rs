use omtx_metrics::{Counter, Family, Labels, MetricSet};

#[derive(Labels)]
struct PathLabels<'a> {
    path: &'a str,
}

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Requests.
    #[metric(zeroed)]
    requests_total: Family<PathLabels<'static>, Counter>,
}

fn main() {}
