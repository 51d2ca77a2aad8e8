//! How an exporter is set up.

use super::Exporter;
use crate::Registry;

/// 256 MiB: what [`ExporterBuilder::max_bytes_in_flight`] is by default.
pub const DEFAULT_MAX_BYTES_IN_FLIGHT: usize = 256 * 1024 * 1024;

/// Sets an [`Exporter`] up; made by [`Exporter::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ExporterBuilder {
    registry: Registry,
    pub(super) options: Options,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) created: bool,
    pub(super) compression: bool,
    pub(super) max_bytes_in_flight: usize,
}

impl ExporterBuilder {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            options: Options {
                created: false,
                compression: true,
                max_bytes_in_flight: DEFAULT_MAX_BYTES_IN_FLIGHT,
            },
        }
    }

    /// Whether OpenMetrics shows when each counter and histogram began, as `_created` samples. Off by default: Prometheus
    /// stores each as one more series, unless it runs with `--enable-feature=created-timestamp-zero-ingestion`. Protobuf
    /// carries the times in any case, as fields that cost nothing.
    ///
    /// ```text
    /// jobs_started_total 3
    /// jobs_started_created 1700000000.123
    /// ```
    pub fn created(mut self, created: bool) -> Self {
        self.options.created = created;
        self
    }

    /// Whether bodies are compressed for clients that ask for it, with what the features `gzip` and `zstd` bring. On by
    /// default; off where a proxy or another layer does it.
    pub fn compression(mut self, compression: bool) -> Self {
        self.options.compression = compression;
        self
    }

    /// How many bytes the bodies that are being sent may hold together, [`DEFAULT_MAX_BYTES_IN_FLIGHT`] by default. A
    /// scrape beyond is answered 503 with `Retry-After: 1`. Clients that read slowly, each another scrape, would otherwise
    /// hold one body each.
    ///
    /// The first body is always allowed, so that 0 means one at a time.
    pub fn max_bytes_in_flight(mut self, max_bytes_in_flight: usize) -> Self {
        self.options.max_bytes_in_flight = max_bytes_in_flight;
        self
    }

    /// The exporter.
    #[must_use]
    pub fn build(self) -> Exporter {
        Exporter::with(&self.registry, self.options)
    }
}
