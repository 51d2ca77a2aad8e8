//! From labels to a series: the lookup that families and the RED observer share.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use foldhash::SharedSeed;
use foldhash::fast::{FoldHasher, RandomState};

use super::Series;
use super::pins::Pin;
use super::table::{Found, Table};
use crate::cell::Counter;
use crate::label::{
    LabelText, LabelVisitor, Labels, Matcher, OneOpen, Overflowed, TextWriter, bounded,
};
use crate::time::Timestamp;

/// A bounded map from labels to `M`. Reading takes no lock and allocates nothing.
pub(crate) struct SeriesMap<L: Labels, M> {
    names: Arc<[Box<str>]>,
    table: Table<M>,
    /// Random, so that nobody outside can choose values that share a slot.
    seed: u64,
    shared_seed: &'static SharedSeed,
    max_series: usize,
    /// Lookups that ended in an overflow series.
    dropped: Counter,
    labels: std::marker::PhantomData<fn(L)>,
}

/// Whether a new series is for the labels that were looked up, or the one that they overflow into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum New {
    Exact,
    Overflow,
}

impl<L: Labels, M> SeriesMap<L, M> {
    /// `expire`: series can be [removed](Self::remove).
    pub(crate) fn new(names: Arc<[Box<str>]>, max_series: usize, expire: bool) -> Self {
        Self {
            names,
            table: Table::new(if L::OPEN == 0 { L::CLOSED } else { 0 }, expire),
            seed: RandomState::default().hash_one(0),
            shared_seed: SharedSeed::global_random(),
            max_series,
            dropped: Counter::new(),
            labels: std::marker::PhantomData,
        }
    }

    /// The series with these labels; made by `make` if it is new.
    #[inline]
    pub(crate) fn get(&self, labels: &L::Of<'_>, make: impl FnOnce(New) -> M) -> Found<'_, M> {
        let (closed, hash) = self.key(labels);
        let pin = if L::OPEN == 0 {
            Pin::none()
        } else {
            self.table.pin()
        };
        match self.find(pin, closed, hash, labels) {
            Ok(series) => series,
            Err(pin) => self.add(pin, closed, hash, labels, make),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.get()
    }

    #[cfg(feature = "http")]
    pub(crate) fn count_dropped(&self) {
        self.dropped.inc();
    }

    /// See [`Table::remove`].
    pub(crate) fn remove(
        &self,
        is_idle: impl Fn(&Series<M>) -> bool,
        others: usize,
        gone: impl FnMut(&Arc<Series<M>>),
    ) {
        self.table.remove(is_idle, others, gone);
    }

    /// See [`Table::copy_new`].
    pub(crate) fn copy_new(&self, seen: &mut Vec<Arc<Series<M>>>) -> bool {
        self.table.copy_new(seen)
    }

    /// The combination of the closed labels and, where there are open ones, the hash of all.
    #[inline]
    fn key(&self, labels: &L::Of<'_>) -> (usize, u32) {
        let closed = L::closed_index(labels);
        if L::OPEN == 0 {
            return (closed, 0);
        }
        let mut hash = self.hash(closed);
        L::visit(labels, &mut hash);
        (closed, folded(hash.0.finish()))
    }

    /// The closed labels go into the seed: that saves hashing them.
    #[inline]
    fn hash(&self, closed: usize) -> Hash<FoldHasher<'static>> {
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let seed = self.seed ^ (closed as u64).wrapping_mul(SPREAD);
        Hash(FoldHasher::with_seed(seed, self.shared_seed))
    }

    #[inline]
    fn find<'a>(
        &'a self,
        pin: Pin<'a>,
        closed: usize,
        hash: u32,
        labels: &L::Of<'_>,
    ) -> Result<Found<'a, M>, Pin<'a>> {
        if L::OPEN == 0 {
            return self.table.at(closed, pin);
        }
        self.table.find(pin, hash, |series| {
            series.closed as usize == closed && self.is_match(series, labels)
        })
    }

    /// True if the open labels are those of the series.
    #[inline]
    fn is_match(&self, series: &Series<M>, labels: &L::Of<'_>) -> bool {
        let only = if L::OPEN == 1 {
            series.labels.first_open()
        } else {
            None
        };
        if let Some(value) = only {
            let mut one = OneOpen {
                value,
                equal: false,
            };
            L::visit(labels, &mut one);
            return one.equal;
        }
        let mut matcher = Matcher::new(&series.labels, &self.names, L::OPEN);
        L::visit(labels, &mut matcher);
        matcher.is_match()
    }

    #[cold]
    fn add<'a>(
        &'a self,
        mut pin: Pin<'a>,
        closed: usize,
        hash: u32,
        labels: &L::Of<'_>,
        make: impl FnOnce(New) -> M,
    ) -> Found<'a, M> {
        // Closed sets are bounded by their declaration. The limit is asked before the lock is taken: a scanner that
        // invents labels must not make the threads queue up.
        let limit = if L::OPEN == 0 {
            usize::MAX
        } else {
            self.max_series
        };
        let mut make = Some(make);
        // While idle series are being removed, one that is put back may be missing: whoever has the lock sees it again.
        if self.table.len() < limit || self.table.is_removing() {
            let find = |pin| self.find(pin, closed, hash, labels);
            let added = self
                .table
                .insert(pin, closed, hash, limit, find, || Series {
                    metric: made(&mut make, New::Exact),
                    hash,
                    closed: closed as u32,
                    created: Timestamp::now(),
                    labels: LabelText::new::<L>(labels, &self.names),
                });
            match added {
                Ok(series) => return series,
                Err(back) => pin = back,
            }
        } else {
            // Another thread may have been faster, and its series the last one below the limit.
            match self.find(pin, closed, hash, labels) {
                Ok(series) => return series,
                Err(back) => pin = back,
            }
        }
        self.overflow(pin, closed, labels, &mut make)
    }

    /// The series with the same closed labels and [`OVERFLOW`](crate::OVERFLOW) for the open ones.
    fn overflow<'a>(
        &'a self,
        pin: Pin<'a>,
        closed: usize,
        labels: &L::Of<'_>,
        make: &mut Option<impl FnOnce(New) -> M>,
    ) -> Found<'a, M> {
        self.dropped.inc();
        let mut hash = self.hash(closed);
        L::visit(labels, &mut Overflowed(&mut hash));
        let hash = folded(hash.0.finish());
        let find = |pin| {
            self.table.find(pin, hash, |series| {
                let mut matcher = Matcher::new(&series.labels, &self.names, L::OPEN);
                series.closed as usize == closed && {
                    L::visit(labels, &mut Overflowed(&mut matcher));
                    matcher.is_match()
                }
            })
        };
        let pin = match find(pin) {
            Ok(series) => return series,
            Err(pin) => pin,
        };
        // Without a limit, and yet bounded: one per combination of closed labels.
        let added = self.table.insert(pin, closed, hash, usize::MAX, find, || {
            let mut text = TextWriter::new(&self.names);
            L::visit(labels, &mut Overflowed(&mut text));
            Series {
                metric: made(make, New::Overflow),
                hash,
                closed: closed as u32,
                created: Timestamp::now(),
                labels: text.finish(),
            }
        });
        added.unwrap_or_else(|_| unreachable!("an insertion without a limit succeeds"))
    }
}

/// `insert` calls its closure at most once, and not at all if it answers `None`; the type system cannot see that.
fn made<M>(make: &mut Option<impl FnOnce(New) -> M>, new: New) -> M {
    make.take().expect("a series is made once")(new)
}

/// Half of the bits are enough: a table has far fewer slots, and whoever has the same hash is compared.
#[inline]
#[allow(clippy::cast_possible_truncation)]
fn folded(hash: u64) -> u32 {
    hash as u32
}

/// Hashes the open labels.
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
