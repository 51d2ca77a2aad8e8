//! Answering scrapes.

#[cfg(feature = "axum")]
mod axum;
mod buffer;
mod metrics;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;

use crate::{Catalog, Registry};
use buffer::Pool;
use metrics::{Code, Encoding, Format, FormatLabels, ScrapeLabels, ScrapeMetrics};

/// Content-Type of text format 0.0.4. Prometheus 3 fails a scrape without it.
pub const TEXT_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers scrapes of one registry, and measures itself while it does.
///
/// With the feature `axum`, [`Registry::metrics_route`] is all that a service needs. For other servers:
///
/// ```
/// use omtx_metrics::{Exporter, Registry};
///
/// let registry = Registry::new();
/// let exporter = Exporter::new(&registry);
/// let scrape = exporter.scrape();
/// assert_eq!(scrape.content_type(), "text/plain; version=0.0.4; charset=utf-8");
/// // A scrape shows the scrapes before it.
/// let second = exporter.scrape().into_body();
/// let text = std::str::from_utf8(&second).unwrap();
/// assert!(text.contains(r#"omtx_scrapes_total{format="text",encoding="identity",code="200"} 1"#));
/// ```
///
/// # The library's own families
///
/// Added to those of the registry, never namespaced; they carry the registry's constant labels, but for those that are
/// called like one of their own:
///
/// ```text
/// omtx_scrapes_total{format="text",encoding="identity",code="200"} 12
/// omtx_scrape_duration_seconds_bucket{format="text",le="0.001"} 12
/// omtx_scrape_size_bytes_sum{format="text"} 93123
/// omtx_collector_errors_total{collector="pool"} 0
/// omtx_series_dropped_total{family="http_requests_total"} 0
/// ```
///
/// # Cost
///
/// The body is written into a buffer that is reused once the response has been sent. Scrapes that come at the same time
/// share one round of collectors, and take turns at each family; what is being counted never waits for them.
#[derive(Clone)]
pub struct Exporter {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    scrapes: Arc<ScrapeMetrics>,
    pool: Pool,
    last_size: AtomicUsize,
}

impl Exporter {
    /// An exporter of this registry. All exporters of a registry count into the same families.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let scrapes = registry.library().registry().register();
        Self {
            inner: Arc::new(Inner {
                scrapes: scrapes.expect("the library's own families have different names"),
                registry: registry.clone(),
                pool: Pool::default(),
                last_size: AtomicUsize::new(0),
            }),
        }
    }

    /// Every family that a scrape can show: the registry's and the library's own.
    ///
    /// ```
    /// use omtx_metrics::{Exporter, Registry};
    ///
    /// let catalog = Exporter::new(&Registry::new()).catalog();
    /// assert!(catalog.get("omtx_collector_errors_total").is_some());
    /// ```
    #[must_use]
    pub fn catalog(&self) -> Catalog {
        let registry = &self.inner.registry;
        let (own, library) = (registry.entries(), registry.library().entries(registry));
        Catalog::new(own.iter().chain(library.iter()))
    }

    /// One scrape, in text format 0.0.4.
    ///
    /// Waits for [collectors](crate::Collector) at most as long as the registry says; call it from a blocking thread if
    /// there are any.
    #[must_use]
    pub fn scrape(&self) -> Scrape {
        let started = Instant::now();
        let inner = &*self.inner;
        let library = inner.registry.library().entries(&inner.registry);
        let mut buffer = inner.pool.take();
        inner.registry.encode_merged(&mut buffer, &library);
        inner.last_size.store(buffer.len(), Ordering::Relaxed);

        let format = FormatLabels {
            format: Format::Text,
        };
        let scrapes = &inner.scrapes;
        scrapes
            .omtx_scrape_duration_seconds
            .with(format)
            .observe_duration(started.elapsed());
        #[allow(clippy::cast_precision_loss)]
        scrapes
            .omtx_scrape_size_bytes
            .with(format)
            .observe(buffer.len() as f64);
        self.count(Code::Ok);
        Scrape {
            content_type: TEXT_CONTENT_TYPE,
            body: inner.pool.lend(buffer),
        }
    }

    /// True if a scrape may take long enough to hold up other tasks of its thread.
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "only an async server needs to know")
    )]
    fn is_slow(&self) -> bool {
        /// Encoded in well under a millisecond.
        const SMALL: usize = 256 * 1024;
        !self.inner.registry.collectors().is_empty()
            || self.inner.last_size.load(Ordering::Relaxed) > SMALL
    }

    fn count(&self, code: Code) {
        let labels = ScrapeLabels {
            format: Format::Text,
            encoding: Encoding::Identity,
            code,
        };
        self.inner.scrapes.omtx_scrapes_total.with(labels).inc();
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("registry", &self.inner.registry)
            .finish_non_exhaustive()
    }
}

/// The answer to one scrape.
#[derive(Debug, Clone)]
pub struct Scrape {
    content_type: &'static str,
    body: Bytes,
}

impl Scrape {
    /// The value for the `Content-Type` header.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// The body. Its memory goes back to the exporter when the last clone is dropped.
    #[must_use]
    pub fn into_body(self) -> Bytes {
        self.body
    }
}
