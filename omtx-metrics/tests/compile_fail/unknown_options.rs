use omtx_metrics::{Counter, LabelValue, Labels, MetricSet};

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Requests.
    #[metric(help = "Requests.")]
    requests_total: Counter,
}

/// A set.
#[derive(MetricSet)]
#[metrics(prefix = "hub")]
struct Prefixed {
    /// Requests.
    requests_total: Counter,
}

#[derive(Labels)]
struct PathLabels<'a> {
    #[label(rename = "route")]
    path: &'a str,
}

#[derive(Clone, Copy, LabelValue)]
enum Outcome {
    #[label(name = "fine")]
    Ok,
}

fn main() {}
