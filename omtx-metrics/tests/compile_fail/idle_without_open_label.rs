use omtx_metrics::{Counter, Family, LabelValue, Labels, MetricSet};

#[derive(Clone, Copy, LabelValue)]
enum Outcome {
    Ok,
    Failed,
}

#[derive(Labels)]
struct OutcomeLabels {
    outcome: Outcome,
}

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Jobs.
    #[metric(idle = "1h")]
    jobs_total: Family<OutcomeLabels, Counter>,
}

fn main() {}
