//! What the library counts about textfiles.

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

/// Textfiles.
#[derive(MetricSet)]
#[metrics(bare, crate = crate)]
pub(super) struct TextfileMetrics {
    /// Files written for the textfile collector of node exporter.
    #[metric(zeroed)]
    pub(super) omtx_textfile_writes_total: Family<OutcomeLabels, Counter>,
}
