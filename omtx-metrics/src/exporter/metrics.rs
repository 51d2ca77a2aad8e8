//! What the exporter measures about itself.

use super::coding::Coding;
use super::scrape::{Scrape, Status};
use crate::{Counter, Family, Format, Histogram, LabelValue, Labels, MetricSet, buckets};

/// The formats that a scrape can be in.
#[derive(Clone, Copy, LabelValue)]
#[label(crate = crate)]
pub(super) enum FormatLabel {
    Text,
    #[label(rename = "openmetrics")]
    OpenMetrics,
    Protobuf,
}

impl From<Format> for FormatLabel {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::OpenMetrics => Self::OpenMetrics,
            Format::Protobuf => Self::Protobuf,
        }
    }
}

#[derive(Clone, Copy, LabelValue)]
#[label(crate = crate)]
enum EncodingLabel {
    Identity,
    #[cfg(feature = "gzip")]
    Gzip,
    #[cfg(feature = "zstd")]
    Zstd,
}

impl From<Coding> for EncodingLabel {
    fn from(coding: Coding) -> Self {
        match coding {
            Coding::Identity => Self::Identity,
            #[cfg(feature = "gzip")]
            Coding::Gzip => Self::Gzip,
            #[cfg(feature = "zstd")]
            Coding::Zstd => Self::Zstd,
        }
    }
}

#[derive(Clone, Copy, LabelValue)]
#[label(crate = crate)]
enum CodeLabel {
    #[label(rename = "200")]
    Ok,
    /// The task that encoded did not come back: it panicked, or the runtime was shutting down.
    #[label(rename = "500")]
    Failed,
    /// The bodies that were being sent held as much memory as they may.
    #[label(rename = "503")]
    Overloaded,
}

impl From<Status> for CodeLabel {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::Ok,
            Status::Overloaded => Self::Overloaded,
            #[cfg(feature = "axum")]
            Status::Failed => Self::Failed,
        }
    }
}

#[derive(Labels)]
#[labels(crate = crate)]
pub(super) struct ScrapeLabels {
    format: FormatLabel,
    encoding: EncodingLabel,
    code: CodeLabel,
}

#[derive(Clone, Copy, Labels)]
#[labels(crate = crate)]
pub(super) struct FormatLabels {
    format: FormatLabel,
}

/// The scrapes themselves.
#[derive(MetricSet)]
#[metrics(bare, crate = crate)]
pub(super) struct ScrapeMetrics {
    /// Scrapes answered.
    #[metric(zeroed)]
    omtx_scrapes_total: Family<ScrapeLabels, Counter>,
    /// Time to collect and encode a scrape. Scrapes that come at the same time share one.
    #[metric(unit = "seconds")]
    omtx_scrape_duration_seconds: Family<FormatLabels, Histogram>,
    /// Size of the body of a scrape, before compression.
    #[metric(unit = "bytes", buckets = buckets::SIZE_BYTES)]
    omtx_scrape_size_bytes: Family<FormatLabels, Histogram>,
}

impl ScrapeMetrics {
    pub(super) fn answered(&self, format: Format, scrape: &Scrape) {
        let labels = ScrapeLabels {
            format: format.into(),
            encoding: scrape.coding().into(),
            code: scrape.outcome().into(),
        };
        self.omtx_scrapes_total.with(labels).inc();
    }

    #[allow(clippy::cast_precision_loss)]
    pub(super) fn encoded(&self, format: Format, took: std::time::Duration, bytes: usize) {
        let format = FormatLabels {
            format: format.into(),
        };
        let (durations, sizes) = (
            &self.omtx_scrape_duration_seconds,
            &self.omtx_scrape_size_bytes,
        );
        durations.with(format).observe_duration(took);
        sizes.with(format).observe(bytes as f64);
    }
}
