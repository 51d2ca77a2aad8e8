//! What a tokio runtime does.

use std::sync::{Arc, Mutex};

use ::tokio::runtime;

use crate::lock::lock;
use crate::{CounterF64, Error, Family, Gauge, Handle, Labels, MetricSet, Registry};

/// A worker thread of the runtime.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct WorkerLabels<'a> {
    /// Its number, from 0.
    pub worker: &'a str,
}

/// What a tokio runtime does, as far as tokio's stable interface tells. A worker whose busy seconds grow by a second each
/// second has no time left; a global queue that does not empty says the same of all of them.
///
/// ```
/// use omtx_metrics::Registry;
/// use omtx_metrics::sets::TokioMetrics;
///
/// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
/// let registry = Registry::new();
/// TokioMetrics::expose(&registry, runtime.handle())?;
///
/// let text = registry.to_text();
/// assert!(text.contains("tokio_workers 2\n"));
/// assert!(text.contains("tokio_worker_busy_seconds_total{worker=\"1\"} "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
///
/// `tokio::runtime::RuntimeMetrics`: a few atomic loads at every scrape.
#[derive(Debug, MetricSet)]
#[metrics(bare, crate = crate)]
#[non_exhaustive]
pub struct TokioMetrics {
    /// Worker threads of the runtime.
    pub tokio_workers: Gauge,
    /// Tasks that were spawned and are not over.
    pub tokio_tasks_alive: Gauge,
    /// Tasks that wait in the queue that all workers share.
    pub tokio_global_queue_depth: Gauge,
    /// Time that a worker spent polling tasks and drivers, in seconds.
    #[metric(unit = "seconds", max_series = 1024)]
    pub tokio_worker_busy_seconds_total: Family<WorkerLabels<'static>, CounterF64>,
    /// Times that a worker found nothing to do and went to sleep.
    #[metric(max_series = 1024)]
    pub tokio_worker_parks_total: Family<WorkerLabels<'static>, CounterF64>,
}

/// One runtime, read into one registry.
struct Mirror {
    runtime: runtime::Handle,
    metrics: Arc<TokioMetrics>,
    workers: Mutex<Vec<Worker>>,
}

struct Worker {
    busy: Handle<CounterF64>,
    parks: Handle<CounterF64>,
}

impl TokioMetrics {
    /// Registers the set, and brings it up to date before every scrape. A registry shows one runtime.
    ///
    /// # Errors
    ///
    /// If the registry shows another runtime, or has a family of one of the names that is not ours.
    pub fn expose(registry: &Registry, runtime: &runtime::Handle) -> Result<(), Error> {
        let mut new = false;
        let mirror = registry.shared(|| {
            new = true;
            Ok(Arc::new(Mirror::new(registry.register()?, runtime)))
        })?;
        if mirror.runtime.id() != runtime.id() {
            return Err(Error::conflict(
                "the registry shows a tokio runtime already; expected a registry of its own for a second one".to_owned(),
            ));
        }
        if new {
            registry.before_scrape(move || mirror.update());
        }
        Ok(())
    }
}

impl Mirror {
    fn new(metrics: Arc<TokioMetrics>, runtime: &runtime::Handle) -> Self {
        let worker = |number: usize| {
            let number = number.to_string();
            let labels = WorkerLabels { worker: &number };
            Worker {
                busy: metrics.tokio_worker_busy_seconds_total.handle(labels),
                parks: metrics.tokio_worker_parks_total.handle(labels),
            }
        };
        let workers = (0..runtime.metrics().num_workers()).map(worker).collect();
        Self {
            runtime: runtime.clone(),
            workers: Mutex::new(workers),
            metrics,
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn update(&self) {
        let now = self.runtime.metrics();
        let metrics = &self.metrics;
        metrics.tokio_workers.set(now.num_workers() as f64);
        metrics.tokio_tasks_alive.set(now.num_alive_tasks() as f64);
        metrics
            .tokio_global_queue_depth
            .set(now.global_queue_depth() as f64);
        // Locked, because two scrapes at once must not both move a counter. Without 64-bit atomics tokio does not tell.
        #[cfg(target_has_atomic = "64")]
        for (number, worker) in lock(&self.workers).iter().enumerate() {
            worker
                .busy
                .mirror(now.worker_total_busy_duration(number).as_secs_f64());
            worker.parks.mirror(now.worker_park_count(number) as f64);
        }
    }
}
