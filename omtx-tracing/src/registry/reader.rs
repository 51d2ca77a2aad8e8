//! When a registry is looked at.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use omtx_metrics::Registry;
use opentelemetry::InstrumentationScope;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::nanos;
use super::round::{Options, Round};
use super::streams::Streams;
use crate::export::{Exporter, Occasion, Pipeline, ScopeId};
use crate::{Signal, Telemetry};

impl Telemetry {
    /// Exports everything that `registry` shows, at an [interval](crate::TelemetryBuilder::metrics_interval) of a minute
    /// (`OTEL_METRIC_EXPORT_INTERVAL`), before every [`flush`](Self::flush), and a last time before the
    /// [`shutdown`](Self::shutdown).
    ///
    /// Called again for the same registry, it does nothing; nor does it if metrics are [not exported](Self::exports). Several
    /// registries can be exported. A `/metrics` of the same registry shows what it always did.
    ///
    /// ```
    /// use omtx_metrics::Registry;
    /// use omtx_tracing::Telemetry;
    ///
    /// let registry = Registry::builder().namespace("omtx_hub").build().unwrap();
    /// let telemetry = Telemetry::builder("omtx-hub-api").build()?;
    /// telemetry.export_metrics(&registry);
    /// # Ok::<(), omtx_tracing::Error>(())
    /// ```
    ///
    /// # What becomes what
    ///
    /// As OpenTelemetry's "Prometheus and OpenMetrics Compatibility" has it, so that a collector's Prometheus exporter makes
    /// the same series of it again that a scrape finds:
    ///
    /// | family | metric | points |
    /// |---|---|---|
    /// | counter | monotonic Sum | since the series was created; integers as integers |
    /// | gauge, unknown | Gauge | |
    /// | histogram | Histogram | explicit bounds; no sum where observations may be negative |
    /// | histogram with native buckets | ExponentialHistogram | scale = schema; 1024 buckets on either side at most, at a lower scale if need be |
    /// | info, state set | Sum, not monotonic | 1, or 0 for states that do not hold |
    /// | summary (of a collector) | Summary | |
    ///
    /// Names stay as they are, `_total` included. Help texts are descriptions; units are translated (`seconds` is `s`, `bytes`
    /// is `By`, `ratio` is `1`). The metadata `prometheus.type` keeps the type. Labels are attributes, exemplars keep their
    /// trace and span ids. A series that has gone is marked once with the flag `NO_RECORDED_VALUE`, Prometheus' staleness.
    ///
    /// Rows that another library's exporter has labelled with `otel_scope_name` keep that label as an attribute; all metrics have
    /// the instrumentation scope `omtx-metrics`.
    ///
    /// ```text
    /// # HELP omtx_hub_uploads_total Uploads.                 name: "omtx_hub_uploads_total"  description: "Uploads."
    /// # TYPE omtx_hub_uploads_total counter          ──►     metadata { key: "prometheus.type"  value: "counter" }
    /// omtx_hub_uploads_total{client="cli"} 3                 sum { data_points { attributes { key: "client"  value: "cli" }
    ///                                                          start_time_unix_nano: …  time_unix_nano: …  as_int: 3 }
    ///                                                          aggregation_temporality: CUMULATIVE  is_monotonic: true }
    /// ```
    ///
    /// Differences instead of sums are exported if [`Temporality`](crate::Temporality) says so. What was not a number, and
    /// infinities, are in no exponential bucket, and not in its count.
    ///
    /// # What it costs, and what can go wrong
    ///
    /// A round runs on a thread that is there for as long as it lasts, since it waits for collectors as a scrape does; nothing
    /// that counts or is exported waits for it. What a round encodes is bounded by the queue
    /// ([16 MiB](crate::DEFAULT_METRICS_MAX_QUEUE_BYTES)); for every series that the registry has, its encoded labels are kept.
    ///
    /// | what | outcome |
    /// |---|---|
    /// | the collector is away | rounds wait in the queue, then the newest are dropped; [`stats`](Self::stats) counts points by [reason](crate::DropReason) |
    /// | a round takes longer than half of what a flush or the shutdown was given | they go on without it, and the flush is not [complete](crate::Flushed::is_complete); other signals are sent meanwhile |
    /// | a round takes longer than the interval | the next one begins when it is over; none are made up for |
    /// | a collector of the registry panics, blocks or lies | as in a scrape: its own rows of that round are missing |
    /// | two readers, or a reader and a scraper | each sees everything; an exemplar that one has read may be replaced before the other comes |
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    pub fn export_metrics(&self, registry: &Registry) {
        if let Some(exporter) = self.exporter() {
            let settings = self.settings();
            let options = Options {
                temporality: settings.metrics_temporality,
                histograms: settings.histogram_aggregation,
                since: nanos(SystemTime::now()),
            };
            start(exporter, registry, settings.metrics_interval, options);
        }
    }
}

/// Has a registry read, unless it is already, or metrics are not exported.
pub(super) fn start(
    exporter: &Exporter,
    registry: &Registry,
    interval: Duration,
    options: Options,
) {
    let Some(pipeline) = exporter.pipeline(Signal::Metrics) else {
        return;
    };
    let readers = registry.shared(|| Ok(Arc::<Readers>::default()));
    let readers = readers.expect("nothing in it can fail");
    if let Some(reader) = readers.add(registry, pipeline, options) {
        exporter.spawn(every(interval, Arc::clone(&reader)));
        exporter.before_flush(Arc::new(move |occasion| reader.read(occasion)));
    }
}

/// Those who read one registry. Each is held by its exporter.
#[derive(Default)]
struct Readers(Mutex<Vec<Weak<Reader>>>);

impl Readers {
    /// `None` if what is read goes there already.
    fn add(
        &self,
        registry: &Registry,
        pipeline: &Pipeline,
        options: Options,
    ) -> Option<Arc<Reader>> {
        let mut readers = lock(&self.0);
        readers.retain(|reader| reader.strong_count() > 0);
        let mut known = readers.iter().filter_map(Weak::upgrade);
        if known.any(|reader| reader.pipeline.is(pipeline)) {
            return None;
        }
        let reader = Arc::new(Reader::new(registry.clone(), pipeline.clone(), options));
        readers.push(Arc::downgrade(&reader));
        Some(reader)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads at an interval, for as long as the exporter's thread is there.
async fn every(interval: Duration, reader: Arc<Reader>) {
    let mut ticks = interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let reader = Arc::clone(&reader);
        // Aside, since it may block. If it panics, the next round is another chance.
        let _ = tokio::task::spawn_blocking(move || reader.read(Occasion::Flush)).await;
    }
}

/// What one round leaves for the next.
#[derive(Default)]
struct Rounds {
    streams: Streams,
    /// The last one was there. Whoever waited for it meanwhile has nothing to add, and nobody to send it.
    over: bool,
}

/// Looks at one registry, and hands on what it finds.
pub(super) struct Reader {
    registry: Registry,
    pipeline: Pipeline,
    scope: ScopeId,
    options: Options,
    /// Held for a round: two of them, one at its time and one before a flush, go one after the other.
    rounds: Mutex<Rounds>,
}

impl Reader {
    pub(super) fn new(registry: Registry, pipeline: Pipeline, options: Options) -> Self {
        let scope = InstrumentationScope::builder("omtx-metrics")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Self {
            registry,
            scope: pipeline.scope(&scope),
            pipeline,
            options,
            rounds: Mutex::default(),
        }
    }

    pub(super) fn read(&self, occasion: Occasion) {
        if !self.pipeline.is_open() {
            return;
        }
        let mut rounds = lock(&self.rounds);
        let Rounds { streams, over } = &mut *rounds;
        if std::mem::replace(over, *over || occasion == Occasion::Shutdown) {
            return;
        }
        let mut push = |metric: &[u8], points: u32| {
            self.pipeline.created(points.into());
            self.pipeline.push(self.scope, metric, points);
        };
        let clock = SystemTime::now;
        let mut round = Round::new(self.options, &clock, streams, &mut push);
        self.registry.visit(&mut round);
        round.finish();
    }
}
