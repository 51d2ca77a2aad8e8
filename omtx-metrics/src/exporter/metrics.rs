//! What the exporter measures about itself.

use crate::{Counter, Family, Histogram, LabelValue, Labels, MetricSet, buckets};

/// The formats that a scrape can be in.
#[derive(Clone, Copy, LabelValue)]
#[label(crate = crate)]
pub(super) enum Format {
    Text,
}

#[derive(Clone, Copy, LabelValue)]
#[label(crate = crate)]
pub(super) enum Encoding {
    Identity,
}

#[derive(Clone, Copy, LabelValue)]
#[label(crate = crate)]
pub(super) enum Code {
    #[label(rename = "200")]
    Ok,
    /// The task that encoded did not come back: it panicked, or the runtime was shutting down.
    #[label(rename = "500")]
    Failed,
}

#[derive(Labels)]
#[labels(crate = crate)]
pub(super) struct ScrapeLabels {
    pub(super) format: Format,
    pub(super) encoding: Encoding,
    pub(super) code: Code,
}

#[derive(Clone, Copy, Labels)]
#[labels(crate = crate)]
pub(super) struct FormatLabels {
    pub(super) format: Format,
}

/// The scrapes themselves.
#[derive(MetricSet)]
#[metrics(bare, crate = crate)]
pub(super) struct ScrapeMetrics {
    /// Scrapes answered.
    #[metric(zeroed)]
    pub(super) omtx_scrapes_total: Family<ScrapeLabels, Counter>,
    /// Time to collect and encode a scrape.
    #[metric(unit = "seconds")]
    pub(super) omtx_scrape_duration_seconds: Family<FormatLabels, Histogram>,
    /// Size of the body of a scrape, before compression.
    #[metric(unit = "bytes", buckets = buckets::SIZE_BYTES)]
    pub(super) omtx_scrape_size_bytes: Family<FormatLabels, Histogram>,
}
