//! Families: all series of one name.

mod declared;
mod handle;
mod series;
mod spec;
mod table;

pub use declared::Declared;
pub use handle::Handle;
pub(crate) use series::Series;
pub(crate) use spec::{Spec, SpecText};

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex};

use foldhash::fast::RandomState;

use crate::cell::{Counter, Metric};
use crate::label::{LabelText, LabelVisitor, Labels, Matcher, Overflowed, TextWriter, bounded};
use crate::lock::lock;
use crate::sample::Samples;
use table::Table;

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
/// lost, and `omtx_series_dropped_total{family="…"}` counts the updates that went there. Closed label values stay. No
/// series is ever dropped to make room.
pub struct Family<L: Labels, M: Metric> {
    spec: Arc<Spec>,
    table: Table<M>,
    hasher: RandomState,
    /// Lookups that ended in an overflow series.
    dropped: Counter,
    /// What the last scrape exposed, in order, so that the next sorts only if there are new series.
    sorted: Mutex<Vec<Arc<Series<M>>>>,
    labels: std::marker::PhantomData<fn(L)>,
}

impl<L: Labels, M: Metric> Family<L, M> {
    pub(crate) fn new(spec: Arc<Spec>) -> Self {
        let family = Self {
            table: Table::new(if L::OPEN == 0 { L::CLOSED } else { 0 }),
            hasher: RandomState::default(),
            dropped: crate::cell::new(&spec.cell),
            sorted: Mutex::default(),
            labels: std::marker::PhantomData,
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
    pub fn with(&self, labels: L::Of<'_>) -> &M {
        &self.series(&labels).metric
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
        Handle::new(self.table.share(self.series(&labels)))
    }

    /// The same with its own bucket layout, if the series is new.
    pub(crate) fn handle_with_bounds(
        &self,
        labels: L::Of<'_>,
        bounds: &Arc<crate::cell::Bounds>,
    ) -> Handle<M> {
        let config = crate::cell::CellConfig {
            bounds: Arc::clone(bounds),
        };
        let (closed, hash) = self.key(&labels);
        let series = match self.find(closed, hash, &labels) {
            Some(series) => series,
            None => self.add(closed, hash, &labels, &config),
        };
        Handle::new(self.table.share(series))
    }

    /// How many series there are, overflow series included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// True if no series was looked up yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Updates that went to an overflow series, because the family had reached its cap.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }

    #[inline]
    fn series(&self, labels: &L::Of<'_>) -> &Series<M> {
        let (closed, hash) = self.key(labels);
        match self.find(closed, hash, labels) {
            Some(series) => series,
            None => self.add(closed, hash, labels, &self.spec.cell),
        }
    }

    /// The combination of the closed labels and, where there are open ones, the hash of all.
    #[inline]
    fn key(&self, labels: &L::Of<'_>) -> (usize, u64) {
        let closed = L::closed_index(labels);
        if L::OPEN == 0 {
            return (closed, 0);
        }
        let mut hash = Hash(self.hasher.build_hasher());
        hash.0.write_usize(closed);
        L::visit(labels, &mut hash);
        (closed, hash.0.finish())
    }

    #[inline]
    fn find(&self, closed: usize, hash: u64, labels: &L::Of<'_>) -> Option<&Series<M>> {
        if L::OPEN == 0 {
            return self.table.at(closed);
        }
        self.table.find(hash, |series| {
            let mut matcher = Matcher::new(&series.labels, &self.spec.label_names, L::OPEN);
            series.closed == closed && {
                L::visit(labels, &mut matcher);
                matcher.is_match()
            }
        })
    }

    #[cold]
    fn add(
        &self,
        closed: usize,
        hash: u64,
        labels: &L::Of<'_>,
        config: &crate::cell::CellConfig,
    ) -> &Series<M> {
        if L::OPEN > 0 && self.table.len() >= self.spec.max_series {
            return self.overflow(closed, labels, config);
        }
        self.table.insert(
            closed,
            hash,
            self.spec.max_series.max(L::CLOSED),
            || self.find(closed, hash, labels),
            || Series {
                metric: crate::cell::new(config),
                hash,
                closed,
                labels: LabelText::new::<L>(labels, &self.spec.label_names),
            },
        )
        .unwrap_or_else(|| self.overflow(closed, labels, config))
    }

    /// The series with the same closed labels and [`OVERFLOW`](crate::OVERFLOW) for the open ones. Found without a
    /// lock, but for the first time: a scanner that invents labels must not make the threads queue up.
    fn overflow(
        &self,
        closed: usize,
        labels: &L::Of<'_>,
        config: &crate::cell::CellConfig,
    ) -> &Series<M> {
        self.dropped.inc();
        let mut hash = Hash(self.hasher.build_hasher());
        hash.0.write_usize(closed);
        L::visit(labels, &mut Overflowed(&mut hash));
        let hash = hash.0.finish();
        let find = || {
            self.table.find(hash, |series| {
                let mut matcher = Matcher::new(&series.labels, &self.spec.label_names, L::OPEN);
                series.closed == closed && {
                    L::visit(labels, &mut Overflowed(&mut matcher));
                    matcher.is_match()
                }
            })
        };
        if let Some(series) = find() {
            return series;
        }
        let make = || {
            let mut text = TextWriter::new(&self.spec.label_names);
            L::visit(labels, &mut Overflowed(&mut text));
            Series {
                metric: crate::cell::new(config),
                hash,
                closed,
                labels: text.finish(),
            }
        };
        // Bounded: one per combination of closed labels, and those are at most `MAX_CLOSED`.
        self.table
            .insert(closed, hash, usize::MAX, find, make)
            .expect("an insertion without a limit succeeds")
    }

    pub(crate) fn collect(&self, samples: &mut Samples<'_>) {
        let mut sorted = lock(&self.sorted);
        if self.table.copy_new(&mut sorted) {
            // Closed-only families keep the order of declaration, which a reader expects of states and methods.
            if L::OPEN == 0 {
                sorted.sort_by_key(|series| series.closed);
            } else {
                sorted.sort_by(|a, b| a.labels.cmp(&b.labels));
            }
        }
        for series in sorted.iter() {
            samples.series(series.labels.as_str(), &series.metric);
        }
    }
}

/// Hashes the open labels; the closed ones are in the seed.
struct Hash<H>(H);

impl<H: Hasher> LabelVisitor for Hash<H> {
    #[inline]
    fn closed(&mut self, _: &'static str) {}

    #[inline]
    fn open(&mut self, value: &str) {
        // Without a terminator: ("ab","c") and ("a","bc") may share a hash, the comparison keeps them apart.
        self.0.write(bounded(value).as_bytes());
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
