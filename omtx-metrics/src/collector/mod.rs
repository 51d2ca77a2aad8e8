//! Collectors: code that is asked for rows at every scrape, and is not trusted.

mod metrics;
mod round;
mod rows;
mod worker;

pub(crate) use metrics::{CollectorLabels, CollectorMetrics, FamilyLabels, ReasonLabels};
pub(crate) use rows::{ForeignFamily, ForeignRow, ForeignValue};
pub use rows::{Row, Rows};

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::Error;
use crate::lock::lock;
use round::Rounds;
use worker::Worker;

/// Code that is asked for rows at every scrape: a bridge to another library, values that are only known by asking.
///
/// Closures are collectors:
///
/// ```
/// use omtx_metrics::{Registry, Rows};
///
/// let registry = Registry::new();
/// registry.register_collector("pool", |rows: &mut Rows| {
///     rows.gauge("pool_connections", "Connections by state.")
///         .row(&[("state", "idle")], 3.0)
///         .row(&[("state", "used")], 5.0);
/// })?;
///
/// assert_eq!(registry.to_text(), "\
/// ## HELP pool_connections Connections by state.
/// ## TYPE pool_connections gauge
/// pool_connections{state=\"idle\"} 3
/// pool_connections{state=\"used\"} 5
/// ");
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
///
/// Families are encoded after all collectors have answered: one may set gauges of its own registry instead of adding rows,
/// and they are as fresh as rows are.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use omtx_metrics::{IntGauge, MetricSet, Registry, Rows};
///
/// /// Sessions.
/// #[derive(MetricSet)]
/// struct SessionMetrics {
///     /// Sessions that have not run out.
///     sessions_active: IntGauge,
/// }
///
/// let registry = Registry::new();
/// let metrics = registry.register::<SessionMetrics>()?;
/// let sessions = Arc::new(Mutex::new(vec!["ada", "grace"]));
/// let looked_at = Arc::clone(&sessions);
/// registry.register_collector("sessions", move |_: &mut Rows| {
///     metrics.sessions_active.set(looked_at.lock().unwrap().len() as i64);
/// })?;
///
/// sessions.lock().unwrap().push("alan");
/// assert!(registry.to_text().ends_with("sessions_active 3\n"));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
///
/// Each collector runs on a thread of its own, and is asked once for all scrapes that come at the same time. A scrape
/// waits for it as long as [`collect_timeout`](crate::RegistryBuilder::collect_timeout) says; then it goes on without its
/// rows, and does not ask it again before it has answered. What it may do wrong, and what that costs:
///
/// | it | lost | counted in `omtx_collector_errors_total{collector}` |
/// |---|---|---|
/// | panics | its rows of this scrape | 1 |
/// | blocks | its rows until it returns | 1 per scrape |
/// | names a family or label that is malformed, or a row twice, or a counter below 0 | the row or family | 1 each |
/// | names a family that is ours, or another collector's | the family | 1 each |
/// | has more than [`Rows::MAX`] rows | the rows beyond | 1 |
///
/// A collector that scrapes the registry it is registered in waits for itself, until the time is up. One that holds its
/// [`Registry`](crate::Registry) keeps it alive: give it the metric set instead.
pub trait Collector: Send + 'static {
    /// Adds the rows as they are now.
    fn collect(&mut self, rows: &mut Rows);
}

impl<F: FnMut(&mut Rows) + Send + 'static> Collector for F {
    fn collect(&mut self, rows: &mut Rows) {
        self(rows);
    }
}

/// Brings gauges up to date that only age. Ours, and so trusted not to block.
pub(crate) type Refresh = Arc<dyn Fn() + Send + Sync>;

/// All collectors of one registry.
#[derive(Default)]
pub(crate) struct Collectors {
    /// Replaced as a whole: nobody waits for a collector with this locked.
    workers: Mutex<Arc<[Arc<Worker>]>>,
    /// True as soon as there is a collector; asked by async code, which must not wait for a lock.
    any: AtomicBool,
    round: Rounds,
    /// Replaced as a whole, so that a scrape clones one `Arc`.
    refreshes: Mutex<Arc<[Refresh]>>,
    errors: Mutex<Vec<(Arc<str>, u64)>>,
}

impl Collectors {
    pub(crate) fn add(
        &self,
        name: Cow<'static, str>,
        collector: impl Collector,
    ) -> Result<(), Error> {
        let mut workers = lock(&self.workers);
        if workers.iter().any(|worker| **worker.name() == *name) {
            return Err(Error::conflict(format!(
                "collector \"{name}\" is registered already; expected a name of its own"
            )));
        }
        let worker = Worker::start(&name, Box::new(collector))
            .map_err(|error| Error::thread(&format!("collector \"{name}\""), error))?;
        lock(&self.errors).push((Arc::clone(worker.name()), 0));
        *workers = workers.iter().cloned().chain([Arc::new(worker)]).collect();
        self.any.store(true, Ordering::Release);
        Ok(())
    }

    pub(crate) fn add_refresh(&self, refresh: Refresh) {
        let mut refreshes = lock(&self.refreshes);
        *refreshes = refreshes.iter().cloned().chain([refresh]).collect();
    }

    /// Brings gauges up to date that only age.
    pub(crate) fn refresh(&self) {
        let refreshes = Arc::clone(&lock(&self.refreshes));
        for refresh in refreshes.iter() {
            refresh();
        }
    }

    /// What all collectors answer within `timeout`, sorted by family name. Scrapes that come while the collectors are
    /// being asked share the answers.
    pub(crate) fn collect(&self, timeout: Duration) -> Arc<[ForeignFamily]> {
        self.refresh();
        if self.is_empty() {
            return Arc::default();
        }
        self.round.join(timeout, || self.ask(timeout))
    }

    fn ask(&self, timeout: Duration) -> Vec<ForeignFamily> {
        let workers = Arc::clone(&lock(&self.workers));
        let asked: Vec<bool> = workers.iter().map(|worker| worker.ask()).collect();
        let deadline = Instant::now() + timeout; // the builder limits it to an hour
        let mut families = Vec::new();
        for (worker, asked) in workers.iter().zip(asked) {
            match asked.then(|| worker.answer(deadline)).flatten() {
                Some(answer) => {
                    families.extend(answer.families);
                    self.count_errors(worker.name(), answer.errors);
                }
                None => self.count_errors(worker.name(), 1),
            }
        }
        // Stable: of two collectors with the same family, the one that was registered first comes first.
        families.sort_by(|a, b| a.name.cmp(&b.name));
        families
    }

    /// True if a scrape has to wait for nobody.
    pub(crate) fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    pub(crate) fn count_error(&self, collector: &str) {
        self.count_errors(collector, 1);
    }

    fn count_errors(&self, collector: &str, n: u64) {
        let mut errors = lock(&self.errors);
        if let Some((_, count)) = errors.iter_mut().find(|(name, _)| **name == *collector) {
            *count += n;
        }
    }

    /// Errors so far, by collector.
    pub(crate) fn errors(&self) -> Vec<(Arc<str>, u64)> {
        lock(&self.errors).clone()
    }
}
