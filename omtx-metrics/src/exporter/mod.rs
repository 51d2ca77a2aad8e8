//! Answering scrapes.

#[cfg(feature = "axum")]
mod axum;
mod buffer;
mod builder;
mod coding;
mod compress;
mod filter;
mod header;
mod metrics;
mod negotiate;
#[cfg(feature = "axum")]
mod paced;
mod request;
#[cfg(feature = "axum")]
mod rounds;
mod scrape;
#[cfg(feature = "axum")]
mod turns;

pub use builder::{DEFAULT_MAX_BYTES_IN_FLIGHT, ExporterBuilder};
pub use negotiate::Format;
pub use request::ScrapeRequest;
pub use scrape::Scrape;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::encode::{Encoder, OpenMetricsEncoder, ProtobufEncoder, TextEncoder};
use crate::lock::lock;
use crate::{Catalog, Registry};
use buffer::{Pool, is_worth_keeping};
use builder::Options;
use coding::{Accepted, Coding};
use compress::Compressors;
use metrics::ScrapeMetrics;
use negotiate::Negotiated;
use request::Wanted;
use scrape::Status;

/// Content-Type of text format 0.0.4. Prometheus 3 fails a scrape without it.
pub const TEXT_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Content-Type of OpenMetrics 1.0.
pub const OPENMETRICS_CONTENT_TYPE: &str =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Content-Type of Prometheus protobuf.
pub const PROTOBUF_CONTENT_TYPE: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Answers scrapes of one registry, and measures itself while it does.
///
/// With the feature `axum`, [`Registry::metrics_route`] is all that a service needs. For other servers:
///
/// ```
/// use omtx_metrics::{Counter, Exporter, Registry, ScrapeRequest};
///
/// let registry = Registry::new();
/// registry.family::<(), Counter>("jobs_started_total", "Jobs started.").register()?.with(()).inc();
/// let exporter = Exporter::new(&registry);
///
/// // What curl and a browser get:
/// let text = exporter.scrape_for(&ScrapeRequest::new().accept("*/*").query("name[]=jobs_started_total"));
/// assert_eq!(text.content_type(), "text/plain; version=0.0.4; charset=utf-8");
/// assert_eq!(text.into_body(), "\
/// ## HELP jobs_started_total Jobs started.
/// ## TYPE jobs_started_total counter
/// jobs_started_total 1
/// ");
///
/// // What Prometheus gets:
/// let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
/// let openmetrics = exporter.scrape_for(&ScrapeRequest::new().accept(accept).query("name[]=jobs_started_total"));
/// assert_eq!(openmetrics.content_type(), "application/openmetrics-text; version=1.0.0; charset=utf-8");
/// assert_eq!(openmetrics.into_body(), "\
/// ## TYPE jobs_started counter
/// ## HELP jobs_started Jobs started.
/// jobs_started_total 1
/// ## EOF
/// ");
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
///
/// # Formats
///
/// The client's `Accept` decides, by quality (RFC 9110, section 12.5.1). Where it likes several the same, it gets the first
/// of protobuf (if the registry has native histograms), OpenMetrics, text, protobuf. A client that says nothing, that takes
/// anything (`*/*`), or that asks for what there is not, gets text 0.0.4; none is turned away.
///
/// | format | Content-Type | shows beyond text 0.0.4 |
/// |---|---|---|
/// | text | `text/plain; version=0.0.4; charset=utf-8`, or `version=1.0.0` with the `escaping` that was asked for | – |
/// | OpenMetrics | `application/openmetrics-text; version=1.0.0; charset=utf-8`, or `version=0.0.1` | types, units, exemplars; `_created` on request |
/// | protobuf | `application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited` | native histograms, exemplars, created timestamps |
///
/// One histogram with one observation of 0.25 that has an exemplar, in each:
///
/// ```text
/// # HELP answer_seconds Time to answer.
/// # TYPE answer_seconds histogram
/// answer_seconds_bucket{le="1"} 1
/// answer_seconds_bucket{le="+Inf"} 1
/// answer_seconds_sum 0.25
/// answer_seconds_count 1
/// ```
/// ```text
/// # TYPE answer_seconds histogram
/// # UNIT answer_seconds seconds
/// # HELP answer_seconds Time to answer.
/// answer_seconds_bucket{le="1.0"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.25 1700000000.123
/// answer_seconds_bucket{le="+Inf"} 1
/// answer_seconds_sum 0.25
/// answer_seconds_count 1
/// # EOF
/// ```
/// ```text
/// name: "answer_seconds"  help: "Time to answer."  type: HISTOGRAM  unit: "seconds"
/// metric {
///   histogram {
///     sample_count: 1
///     sample_sum: 0.25
///     bucket {
///       cumulative_count: 1
///       upper_bound: 1
///       exemplar {
///         label { name: "trace_id"  value: "0af7651916cd43dd8448eb211c80319c" }
///         value: 0.25
///         timestamp { seconds: 1700000000  nanos: 123000000 }
///       }
///     }
///     created_timestamp { seconds: 1699999000 }
///   }
/// }
/// ```
///
/// The samples are the same in each, but for what OpenMetrics forbids: it has no `_sum`, and then no `_count`, where
/// observations are negative; a state set whose label is not called like the family is a gauge there; and a counter is
/// `unknown` if it comes from a collector and its name does not end in `_total`, or if its name without `_total` is another
/// family's.
///
/// # Compression
///
/// With the features `gzip` (part of `axum`) and `zstd`, as `Accept-Encoding` asks for. Prometheus asks for gzip on every
/// scrape, and an exposition becomes an order of magnitude smaller. Bodies below 1 KiB are left as they are.
///
/// # The library's own families
///
/// Added to those of the registry, never namespaced; they carry the registry's constant labels, but for those that are
/// called like one of their own:
///
/// ```text
/// omtx_scrapes_total{format="openmetrics",encoding="gzip",code="200"} 12
/// omtx_scrape_duration_seconds_bucket{format="openmetrics",le="0.001"} 12
/// omtx_scrape_size_bytes_sum{format="openmetrics"} 93123
/// omtx_collector_errors_total{collector="pool"} 0
/// omtx_series_dropped_total{family="http_requests_total"} 0
/// ```
///
/// # Cost
///
/// Series are encoded without a tree in between, into a buffer that is reused once the response has been sent; so is the
/// state of the compressors. One scrape is encoded at a time. Those that come to the axum route meanwhile, and want the
/// same, are answered together by the next: a thousand at once are two encodings and two bodies. What is being counted
/// never waits for a scrape.
///
/// **Memory.** An encoded body exists once, however many read it, and goes when the last has. What bodies may hold together
/// is [bounded](ExporterBuilder::max_bytes_in_flight). A scrape that waits holds no copy; it costs about a kilobyte here, and
/// what the server keeps for a connection.
///
/// **The service's own requests.** The axum route and the `listener` send bodies above 32 KiB in chunks that take
/// turns, two bodies of the process at a time. A worker sends one only after it has looked for other work, and a
/// response does not begin before its first turn. So a request waits behind one chunk (some ten microseconds) and not
/// behind a thousand answers. A client that does not read on is passed over after 20 ms. What a request still waits
/// behind is the server that reads a thousand requests, if they come in the same moment: some ten microseconds each,
/// before a handler has a say. The bench `scraped` measures what the service's requests take meanwhile, beside a
/// handler that answers with the same bytes from memory.
#[derive(Clone)]
pub struct Exporter {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    options: Options,
    scrapes: Arc<ScrapeMetrics>,
    pool: Pool,
    /// Size of the last body before compression, of those with all families; 0 until there was one.
    last_size: AtomicUsize,
    bench: Mutex<Bench>,
    #[cfg(feature = "axum")]
    rounds: rounds::Rounds,
}

/// What encoding needs; whoever holds it encodes.
#[derive(Default)]
struct Bench {
    /// What is to be compressed.
    plain: Vec<u8>,
    compressors: Compressors,
}

impl Exporter {
    /// An exporter of this registry. All exporters of a registry count into the same families.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        Self::builder(registry).build()
    }

    /// An exporter with options.
    ///
    /// ```
    /// use omtx_metrics::{Exporter, Registry};
    ///
    /// let exporter = Exporter::builder(&Registry::new()).compression(false).build();
    /// # let _ = exporter;
    /// ```
    pub fn builder(registry: &Registry) -> ExporterBuilder {
        ExporterBuilder::new(registry)
    }

    fn with(registry: &Registry, options: Options) -> Self {
        let scrapes = registry.library().registry().register();
        Self {
            inner: Arc::new(Inner {
                scrapes: scrapes.expect("the library's own families have different names"),
                registry: registry.clone(),
                options,
                pool: Pool::default(),
                last_size: AtomicUsize::new(0),
                bench: Mutex::default(),
                #[cfg(feature = "axum")]
                rounds: rounds::Rounds::default(),
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
        self.scrape_for(&ScrapeRequest::new())
    }

    /// One scrape, as a client asks for it.
    ///
    /// Waits for collectors as [`scrape`](Self::scrape) does, and for the encoding of scrapes that came before.
    #[must_use]
    pub fn scrape_for(&self, request: &ScrapeRequest<'_>) -> Scrape {
        let wanted = self.wanted(request);
        let scrape = self.inner.make(&wanted);
        self.inner.scrapes.answered(wanted.format.format, &scrape);
        scrape
    }

    fn wanted(&self, request: &ScrapeRequest<'_>) -> Wanted {
        let mut wanted = request.wanted(self.inner.registry.has_native());
        if !self.inner.options.compression {
            wanted.coding.coding = Coding::Identity;
        }
        wanted
    }
}

impl Inner {
    /// Asks the collectors, encodes and compresses.
    fn make(&self, wanted: &Wanted) -> Scrape {
        let started = Instant::now();
        if self.is_overloaded() {
            return Scrape::refused(Status::Overloaded);
        }
        // What is lost from here on is shown by the next scrape.
        let library = self.registry.library().entries(&self.registry);
        let foreign = self.registry.gather();
        let own = self.registry.entries();

        // Encoders take turns: at each family they would anyway, and so their memory is that of one.
        let mut bench = lock(&self.bench);
        let Bench { plain, compressors } = &mut *bench;
        let Negotiated {
            format,
            content_type,
        } = wanted.format;
        let Accepted { coding, identity } = wanted.coding;
        let mut body = self.pool.take();
        // Without compression, what is encoded is the body.
        let encoded = match coding {
            Coding::Identity => &mut body,
            #[cfg(any(feature = "gzip", feature = "zstd"))]
            _ => &mut *plain,
        };
        encoded.clear();
        if wanted.filter.is_everything() {
            encoded.reserve(self.last_size.load(Ordering::Relaxed));
        }
        let mut text;
        let mut openmetrics;
        let mut protobuf;
        let encoder: &mut dyn Encoder = match format {
            Format::Text => {
                text = TextEncoder::new(encoded);
                &mut text
            }
            Format::OpenMetrics => {
                openmetrics = OpenMetricsEncoder::new(encoded, self.options.created);
                &mut openmetrics
            }
            Format::Protobuf => {
                protobuf = ProtobufEncoder::new(encoded);
                &mut protobuf
            }
        };
        self.registry
            .encode(encoder, [&own, &library], &foreign, |name, kind| {
                wanted.filter.selects(name, kind)
            });
        let size = encoded.len();
        if wanted.filter.is_everything() {
            self.last_size.store(size, Ordering::Relaxed);
        }

        /// Smaller bodies fit into one packet as they are.
        const WORTH_COMPRESSING: usize = 1024;
        let mut used = Coding::Identity;
        if coding != Coding::Identity {
            if (size >= WORTH_COMPRESSING || !identity)
                && compressors.compress(coding, plain, &mut body)
            {
                used = coding;
            } else {
                body.clear();
                body.extend_from_slice(plain);
            }
            if !is_worth_keeping(plain) {
                *plain = Vec::new();
            }
        }
        self.scrapes.encoded(format, started.elapsed(), size);
        drop(bench);
        Scrape::new(content_type, used, self.pool.lend(body))
    }

    /// True if one more body, of the size of the last with all families, would be too much.
    fn is_overloaded(&self) -> bool {
        let lent = self.pool.lent();
        let next = self.last_size.load(Ordering::Relaxed);
        lent > 0 && lent.saturating_add(next) > self.options.max_bytes_in_flight
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("registry", &self.inner.registry)
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}
