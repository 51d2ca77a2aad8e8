//! Families: all series of one name.

mod declared;
mod handle;
mod idle;
mod map;
mod pins;
mod series;
mod series_ref;
mod snapshot;
mod spec;
mod table;

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod removal;

pub use declared::Declared;
pub use handle::Handle;
use idle::Idle;
#[cfg(feature = "http")]
pub(crate) use map::New;
pub(crate) use map::SeriesMap;
pub(crate) use series::Series;
pub use series_ref::SeriesRef;
pub use snapshot::{Snapshot, SnapshotRows};
pub(crate) use spec::{Spec, SpecText};
use table::Found;

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::cell::Metric;
use crate::label::Labels;
use crate::lock::lock;
use crate::sample::Samples;
use crate::time::Elapsed;

/// All series of one name: one `M` per set of labels.
///
/// Declared as a field of a [`MetricSet`](crate::MetricSet), or made by hand with
/// [`Registry::family`](crate::Registry::family).
///
/// [`with`](Self::with) finds a series: an array index if all labels are closed, one hash if some are open, and in
/// neither case a lock or an allocation, unless the series is new. Code that always means the same series can keep a
/// [`Handle`].
///
/// # Cap
///
/// A family has at most `max_series` series (the declaration's, or the registry's: 2 000). Beyond that, labels not seen
/// before are recorded with every open value replaced by [`OVERFLOW`](crate::OVERFLOW): sums stay right, the detail is
/// lost, and `omtx_series_dropped_total{family="…"}` counts the lookups that went there. Closed label values stay. No
/// series is ever dropped to make room.
///
/// # Expiry
///
/// Only where the declaration (`#[metric(idle = "1h")]`) or the registry
/// ([`expire_idle_after`](crate::RegistryBuilder::expire_idle_after)) asks for it, and only with open labels: a series that no
/// scrape has seen change for that long leaves with the next one, and makes room below the cap. A counter or histogram
/// that returns begins at 0 with a new created timestamp, which Prometheus takes for a restart: `rate` and `increase` count on.
///
/// A gauge or state set expires at 0 only, an info never. A series that somebody holds does not expire, and no update is
/// lost: what is updated at the last moment stays.
pub struct Family<L: Labels, M: Metric> {
    spec: Arc<Spec>,
    series: SeriesMap<L, M>,
    /// What the last scrape exposed, in order, so that the next sorts only if there are new series.
    sorted: Mutex<Vec<Arc<Series<M>>>>,
    /// If idle series expire. Locked after `sorted`.
    idle: Option<Box<Mutex<Idle>>>,
}

impl<L: Labels, M: Metric> Family<L, M> {
    pub(crate) fn new(spec: Arc<Spec>) -> Self {
        let expires = L::OPEN > 0 && spec.expire_idle_after.is_some();
        let family = Self {
            idle: spec
                .expire_idle_after
                .filter(|_| expires)
                .map(|after| Box::new(Mutex::new(Idle::new(after)))),
            series: SeriesMap::new(Arc::clone(&spec.label_names), spec.max_series, expires),
            sorted: Mutex::default(),
            spec,
        };
        if family.spec.zeroed {
            for index in 0..L::CLOSED {
                if let Some(labels) = L::from_closed_index(index) {
                    family.with(labels);
                }
            }
        }
        family
    }

    /// The series with these labels, made if it is new.
    ///
    /// Beyond the family's cap this is the overflow series; see [`Family`].
    #[inline]
    pub fn with(&self, labels: L::Of<'_>) -> SeriesRef<'_, M> {
        SeriesRef::new(self.find(&labels))
    }

    /// The series with these labels, to be kept: it skips the lookup from then on, and outlives borrows of the family.
    ///
    /// ```
    /// # use omtx_metrics::{Counter, Family, Labels, MetricSet, Registry};
    /// # #[derive(Labels)]
    /// # struct QueueLabels<'a> { queue: &'a str }
    /// # /// A broker.
    /// # #[derive(MetricSet)]
    /// # struct Broker {
    /// #     /// Messages read.
    /// #     messages_read_total: Family<QueueLabels<'static>, Counter>,
    /// # }
    /// # let broker = Registry::new().register::<Broker>()?;
    /// let read = broker.messages_read_total.handle(QueueLabels { queue: "jobs" });
    /// std::thread::spawn(move || read.inc()).join().unwrap();
    /// assert_eq!(broker.messages_read_total.with(QueueLabels { queue: "jobs" }).get(), 1);
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    #[must_use]
    pub fn handle(&self, labels: L::Of<'_>) -> Handle<M> {
        Handle::new(self.find(&labels).share())
    }

    /// The same with its own layout, if the series is new.
    #[cfg(feature = "http")]
    pub(crate) fn handle_with_layout(
        &self,
        labels: L::Of<'_>,
        layout: &Arc<crate::cell::Layout>,
    ) -> Handle<M> {
        let config = crate::cell::CellConfig {
            layout: Arc::clone(layout),
        };
        let series = self.series.get(&labels, |_| crate::cell::new(&config));
        Handle::new(series.share())
    }

    /// What the family's histograms count in.
    #[cfg(feature = "http")]
    pub(crate) fn layout(&self) -> &crate::cell::Layout {
        &self.spec.cell.layout
    }

    /// Counts an update that somebody who holds an overflow series made there.
    #[cfg(feature = "http")]
    pub(crate) fn count_dropped(&self) {
        self.series.count_dropped();
    }

    /// How many series there are, overflow series included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// True if no series was looked up yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lookups that ended in an overflow series, because the family had reached its cap.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.series.dropped()
    }

    #[inline]
    fn find(&self, labels: &L::Of<'_>) -> Found<'_, M> {
        self.series
            .get(labels, |_| crate::cell::new(&self.spec.cell))
    }

    /// Shows all series, and then removes those that have been idle for too long.
    pub(crate) fn collect(&self, samples: &mut Samples<'_>) {
        let mut sorted = lock(&self.sorted);
        if self.series.copy_new(&mut sorted) {
            // Closed-only families keep the order of declaration, which a reader expects of states and methods.
            if L::OPEN == 0 {
                sorted.sort_by_key(|series| series.closed);
            } else {
                sorted.sort_by(|a, b| a.labels.cmp(&b.labels));
            }
        }
        for series in sorted.iter() {
            samples.series(series.labels.as_str(), &series.metric, series.created);
        }
        if let Some(idle) = &self.idle {
            self.expire(&mut lock(idle), &mut sorted);
        }
    }

    /// Removes the series that have been idle for too long.
    #[cold]
    fn expire(&self, idle: &mut Idle, sorted: &mut Vec<Arc<Series<M>>>) {
        if !idle.look(sorted) {
            return;
        }
        let now = Elapsed::now();
        let mut gone = Vec::new();
        // One reference beside the table's: the one in `sorted`.
        self.series.remove(
            |series| idle.is_idle(series, now),
            1,
            |series| gone.push(Arc::as_ptr(series)),
        );
        gone.sort_unstable();
        sorted.retain(|series| {
            let stays = gone.binary_search(&Arc::as_ptr(series)).is_err();
            if !stays {
                idle.forget(series);
            }
            stays
        });
    }
}

impl<L: Labels, M: Metric> fmt::Debug for Family<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("name", &self.spec.name)
            .field("series", &self.len())
            .finish_non_exhaustive()
    }
}
