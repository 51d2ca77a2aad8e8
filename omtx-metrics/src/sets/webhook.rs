//! Webhooks.

use crate::{Counter, Family, Histogram, LabelValue, Labels, MetricSet};

/// How a delivery ended, its retries included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[label(crate = crate)]
#[non_exhaustive]
pub enum WebhookOutcome {
    /// The receiver answered with 2xx.
    Delivered,
    /// The receiver answered with something else.
    Rejected,
    /// No answer: no connection, or too late.
    Failed,
    /// Not sent: the receiver is not one that may be called.
    Refused,
    /// Not sent: too many deliveries were waiting already.
    Dropped,
}

/// What was delivered, and how that ended.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct WebhookLabels<'a> {
    /// The event's name: `job.completed`… Never a URL.
    pub event: &'a str,
    /// How the delivery ended.
    pub outcome: WebhookOutcome,
}

/// What was delivered.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct EventLabels<'a> {
    /// The event's name: `job.completed`… Never a URL.
    pub event: &'a str,
}

/// Deliveries of webhooks.
#[derive(Debug, MetricSet)]
#[metrics(crate = crate)]
#[non_exhaustive]
pub struct WebhookMetrics {
    /// Deliveries that ended.
    #[metric(max_series = 500)]
    pub webhook_deliveries_total: Family<WebhookLabels<'static>, Counter>,
    /// Time that a delivery took, retries included.
    #[metric(unit = "seconds", max_series = 500)]
    pub webhook_delivery_duration_seconds: Family<EventLabels<'static>, Histogram>,
}
