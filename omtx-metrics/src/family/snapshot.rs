//! Families whose rows are replaced as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::{Declared, Spec};
use crate::Kind;
use crate::cell::{Counter, Metric};
use crate::desc::LabelDesc;
use crate::label::{LabelText, Labels};
use crate::lock::lock;
use crate::sample::Samples;
use crate::time::Timestamp;

/// All series of one name, as somebody else knows them: a driver, a kernel, a broker. Rows that are not there any more go
/// away, which those of a [`Family`](super::Family) never do.
///
/// Each [`replace`](Self::replace) names all rows that there are. Those that were there before keep their cells, so a
/// counter goes on counting ([`CounterF64::mirror`](crate::CounterF64::mirror) takes over a source's own count); the others
/// are gone with the next scrape.
///
/// ```
/// use omtx_metrics::{Gauge, Labels, MetricSet, Registry, Snapshot};
///
/// #[derive(Labels)]
/// struct DiskLabels<'a> { disk: &'a str }
///
/// /// Disks.
/// #[derive(MetricSet)]
/// struct Disks {
///     /// Bytes that are free.
///     #[metric(unit = "bytes")]
///     disk_free_bytes: Snapshot<DiskLabels<'static>, Gauge>,
/// }
///
/// let registry = Registry::new();
/// let disks = registry.register::<Disks>()?;
/// let found = |seen: &[(&str, f64)]| disks.disk_free_bytes.replace(|rows| {
///     for &(disk, free) in seen {
///         rows.with(DiskLabels { disk }).set(free);
///     }
/// });
///
/// found(&[("sda", 700.0), ("usb0", 100.0)]);
/// assert!(registry.to_text().ends_with("\
/// disk_free_bytes{disk=\"sda\"} 700
/// disk_free_bytes{disk=\"usb0\"} 100
/// "));
/// found(&[("sda", 600.0)]); // the stick was pulled out
/// assert!(registry.to_text().ends_with("gauge\ndisk_free_bytes{disk=\"sda\"} 600\n"));
/// found(&[]);
/// assert_eq!(registry.to_text(), "");
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
///
/// # Cap
///
/// Rows beyond `max_series` (the declaration's, or the registry's: 2 000) are left out, and counted in
/// `omtx_series_dropped_total{family="…"}`.
pub struct Snapshot<L: Labels, M: Metric> {
    spec: Arc<Spec>,
    state: Mutex<State<M>>,
    dropped: Counter,
    labels: std::marker::PhantomData<fn(L)>,
}

struct State<M> {
    rows: BTreeMap<Key, Row<M>>,
    /// Which replacement the rows belong to.
    round: u64,
}

/// Sorts as a [`Family`](super::Family) does: closed labels as declared, open ones by their text.
type Key = (usize, LabelText);

struct Row<M> {
    metric: M,
    created: Timestamp,
    round: u64,
}

impl<L: Labels, M: Metric> Snapshot<L, M> {
    /// Replaces all rows by those that `fill` looks up.
    ///
    /// A scrape waits for `fill`, and so sees either all of the old rows or all of the new ones: read first what `fill` is
    /// to show. If it panics, the rows that it has looked up are there, and the old ones too.
    pub fn replace(&self, fill: impl FnOnce(&mut SnapshotRows<'_, L, M>)) {
        let mut state = lock(&self.state);
        state.round += 1;
        fill(&mut SnapshotRows {
            snapshot: self,
            state: &mut state,
            beyond: None,
        });
        let State { rows, round } = &mut *state;
        rows.retain(|_, row| row.round == *round);
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.state).rows.len()
    }

    /// True if there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that were left out so far, because there were too many.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }
}

/// The rows of a [`Snapshot`] while they are replaced.
pub struct SnapshotRows<'a, L: Labels, M: Metric> {
    snapshot: &'a Snapshot<L, M>,
    state: &'a mut State<M>,
    /// What a row beyond the cap records into.
    beyond: Option<M>,
}

impl<L: Labels, M: Metric> SnapshotRows<'_, L, M> {
    /// The row with these labels: the one that was there, or a new one that starts at 0.
    pub fn with(&mut self, labels: L::Of<'_>) -> &M {
        let spec = &self.snapshot.spec;
        let closed = if L::OPEN == 0 {
            L::closed_index(&labels)
        } else {
            0
        };
        let key = (closed, LabelText::new::<L>(&labels, &spec.label_names));
        let State { rows, round } = &mut *self.state;
        let full = L::OPEN > 0 && rows.len() >= spec.max_series && !rows.contains_key(&key);
        if full {
            // Those of the round before make room.
            rows.retain(|_, row| row.round == *round);
            if rows.len() >= spec.max_series {
                self.snapshot.dropped.inc();
                return self
                    .beyond
                    .get_or_insert_with(|| crate::cell::new(&spec.cell));
            }
        }
        let row = rows.entry(key).or_insert_with(|| Row {
            metric: crate::cell::new(&spec.cell),
            created: Timestamp::now(),
            round: *round,
        });
        row.round = *round;
        &row.metric
    }
}

impl<L: Labels, M: Metric> Declared for Snapshot<L, M> {
    const KIND: Kind = M::KIND;
    const LABELS: &'static [LabelDesc] = L::LABELS;
    const CLOSED: usize = L::CLOSED;
    const OPEN: usize = L::OPEN;
    const STATES: Option<&'static [&'static str]> = M::STATES;

    fn build(spec: Arc<Spec>) -> Self {
        Self {
            spec,
            state: Mutex::new(State {
                rows: BTreeMap::new(),
                round: 0,
            }),
            dropped: Counter::new(),
            labels: std::marker::PhantomData,
        }
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        for ((_, labels), row) in &lock(&self.state).rows {
            samples.series(labels.as_str(), &row.metric, row.created);
        }
    }

    fn dropped(&self) -> Option<u64> {
        // What has never had a row is of no interest: no GPU, no 40 rows about GPUs.
        let dropped = Self::dropped(self);
        (L::OPEN > 0 && (dropped > 0 || !self.is_empty())).then_some(dropped)
    }
}

impl<L: Labels, M: Metric> fmt::Debug for Snapshot<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("name", &self.spec.name)
            .field("rows", &self.len())
            .finish_non_exhaustive()
    }
}

impl<L: Labels, M: Metric> fmt::Debug for SnapshotRows<'_, L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotRows")
            .field("name", &self.snapshot.spec.name)
            .field("rows", &self.state.rows.len())
            .finish_non_exhaustive()
    }
}
