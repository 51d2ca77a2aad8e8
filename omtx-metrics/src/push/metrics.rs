//! What the library counts about pushes.

use crate::outcome::OutcomeLabels;
use crate::{Counter, Family, MetricSet};

/// Pushes.
#[derive(MetricSet)]
#[metrics(bare, crate = crate)]
pub(super) struct PushMetrics {
    /// Pushes to a Pushgateway, each with all of its attempts.
    #[metric(zeroed)]
    pub(super) omtx_pushes_total: Family<OutcomeLabels, Counter>,
}
