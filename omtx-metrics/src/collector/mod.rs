//! Collectors: code that is asked for rows at every scrape, and is not trusted.

mod metrics;
mod rows;
mod worker;

pub(crate) use metrics::{CollectorLabels, CollectorMetrics, FamilyLabels};
pub(crate) use rows::{ForeignFamily, ForeignValue};
pub use rows::{Row, Rows};

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::Error;
use crate::lock::lock;
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
/// Each collector runs on a thread of its own. A scrape waits for it as long as
/// [`collect_timeout`](crate::RegistryBuilder::collect_timeout) says; then it goes on without its rows, and does not ask
/// it again before it has answered. What it may do wrong, and what that costs:
///
/// | it | lost | counted in `omtx_collector_errors_total{collector}` |
/// |---|---|---|
/// | panics | its rows of this scrape | 1 |
/// | blocks | its rows until it returns | 1 per scrape |
/// | names a family or label that is malformed, or a row twice, or a counter below 0 | the row or family | 1 each |
/// | names a family that is ours, or another collector's | the family | 1 each |
/// | has more than [`Rows::MAX`] rows | the rows beyond | 1 |
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
    workers: Mutex<Vec<Worker>>,
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
        let worker = Worker::start(&name, Box::new(collector)).map_err(|error| {
            Error::conflict(format!(
                "no thread for collector \"{name}\": {error}; expected the operating system to grant one"
            ))
        })?;
        lock(&self.errors).push((Arc::clone(worker.name()), 0));
        workers.push(worker);
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

    /// What all collectors answer within `timeout`, in the order of their registration.
    pub(crate) fn collect(&self, timeout: Duration) -> Vec<ForeignFamily> {
        self.refresh();
        // Held while waiting: a second scrape asks after the first, instead of taking a collector that is busy with the
        // first for one that is stuck.
        let workers = lock(&self.workers);
        let asked: Vec<(&Worker, bool)> = workers
            .iter()
            .map(|worker| (worker, worker.ask()))
            .collect();
        let deadline = Instant::now() + timeout;
        let mut families = Vec::new();
        for (worker, asked) in asked {
            match asked.then(|| worker.answer(deadline)).flatten() {
                Some(answer) => {
                    families.extend(answer.families);
                    self.count_errors(worker.name(), answer.errors);
                }
                None => self.count_errors(worker.name(), 1),
            }
        }
        families
    }

    /// True if a scrape has to wait for nobody.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.workers).is_empty()
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
