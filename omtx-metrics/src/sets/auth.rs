//! Authentication.

use crate::{Counter, Family, LabelValue, Labels, MetricSet};

/// How an attempt to authenticate ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[label(crate = crate)]
#[non_exhaustive]
pub enum AuthOutcome {
    /// The caller is who they say they are.
    Success,
    /// They are not, or could not show it.
    Failure,
}

/// One way to authenticate, and how it ended.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct AuthLabels<'a> {
    /// `password`, `token`, `oidc`… Never a user.
    pub method: &'a str,
    /// How it ended.
    pub outcome: AuthOutcome,
}

/// Who tries to get in, and who does.
#[derive(Debug, MetricSet)]
#[metrics(crate = crate)]
#[non_exhaustive]
pub struct AuthMetrics {
    /// Attempts to authenticate.
    #[metric(max_series = 100)]
    pub auth_attempts_total: Family<AuthLabels<'static>, Counter>,
}
