//! What the library counts about collectors and caps.

use crate::cell::DropReason;
use crate::label::closed_label;
use crate::{Counter, Family, Labels, MetricSet};

#[derive(Labels)]
#[labels(crate = crate)]
pub(crate) struct CollectorLabels<'a> {
    pub(crate) collector: &'a str,
}

#[derive(Labels)]
#[labels(crate = crate)]
pub(crate) struct FamilyLabels<'a> {
    pub(crate) family: &'a str,
}

closed_label!(DropReason);

#[derive(Labels)]
#[labels(crate = crate)]
pub(crate) struct ReasonLabels {
    pub(crate) reason: DropReason,
}

/// What a scrape lost, and why.
#[derive(MetricSet)]
#[metrics(bare, crate = crate)]
pub(crate) struct CollectorMetrics {
    /// Rows, families and whole answers that a collector lost: it panicked, blocked, or returned what is not exposable.
    #[metric(max_series = 1_000)]
    pub(crate) omtx_collector_errors_total: Family<CollectorLabels<'static>, Counter>,
    /// Lookups that ended in a family's overflow series, because the family had reached its cap.
    #[metric(max_series = 10_000)]
    pub(crate) omtx_series_dropped_total: Family<FamilyLabels<'static>, Counter>,
    /// Exemplars that were refused, in the whole process: too_long (over 128 characters), malformed (a label's name).
    pub(crate) omtx_exemplars_dropped_total: Family<ReasonLabels, Counter>,
}
