//! What the library counts about pushes.

use crate::{Counter, Family, LabelValue, Labels, MetricSet};

#[derive(Clone, Copy, LabelValue)]
#[label(crate = crate)]
pub(super) enum Outcome {
    Success,
    Failure,
}

#[derive(Labels)]
#[labels(crate = crate)]
pub(super) struct OutcomeLabels {
    pub(super) outcome: Outcome,
}

/// Pushes.
#[derive(MetricSet)]
#[metrics(bare, crate = crate)]
pub(super) struct PushMetrics {
    /// Pushes to a Pushgateway, each with all of its attempts.
    #[metric(zeroed)]
    pub(super) omtx_pushes_total: Family<OutcomeLabels, Counter>,
}
