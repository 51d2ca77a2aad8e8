//! Users, in numbers only.

use crate::{Counter, Family, IntGauge, Labels, MetricSet};

/// A feature of the application.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct FeatureLabels<'a> {
    /// The feature's name.
    pub feature: &'a str,
}

/// How many users there are, and what they use. Who they are belongs into logs.
#[derive(Debug, MetricSet)]
#[metrics(crate = crate)]
#[non_exhaustive]
pub struct UserMetrics {
    /// Users with a live session.
    pub active_users: IntGauge,
    /// Uses of a feature.
    #[metric(max_series = 500)]
    pub feature_used_total: Family<FeatureLabels<'static>, Counter>,
}
