//! What the library counts about textfiles.

use crate::outcome::OutcomeLabels;
use crate::{Counter, Family, MetricSet};

/// Textfiles.
#[derive(MetricSet)]
#[metrics(bare, crate = crate)]
pub(super) struct TextfileMetrics {
    /// Files written for the textfile collector of node exporter.
    #[metric(zeroed)]
    pub(super) omtx_textfile_writes_total: Family<OutcomeLabels, Counter>,
}
