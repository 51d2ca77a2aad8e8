//! What a histogram counts, from one moment on.

use crate::cell::native::{Counts, Merge};
use crate::cell::stripes::Stripes;
use crate::cell::{Layout, float};
use crate::sync::{AtomicU64, Ordering};

/// Counts and sum, split into stripes where threads contend.
#[derive(Debug)]
pub(super) struct Side {
    cells: Cells,
    stripes: Stripes<Cells>,
}

impl Side {
    pub(super) fn new(layout: &Layout) -> Self {
        Self {
            cells: Cells::new(layout, 0),
            stripes: Stripes::new(),
        }
    }

    /// Counts one observation; false if that met another thread, and the side has no stripes yet.
    #[inline]
    pub(super) fn add(&self, layout: &Layout, value: f64) -> bool {
        match self.stripes.mine() {
            Some(stripe) => {
                stripe.add(layout, value);
                true
            }
            None => self.cells.add(layout, value),
        }
    }

    pub(super) fn split(&self, layout: &Layout) {
        self.stripes.grow(|| Cells::new(layout, PADDING));
    }

    /// Adds the classic buckets to `buckets`, and returns the sum.
    pub(super) fn add_to(&self, buckets: &mut [u64]) -> f64 {
        self.all()
            .fold(0.0, |sum, cells| sum + cells.add_to(buckets))
    }

    pub(super) fn sum(&self) -> f64 {
        self.all()
            .fold(0.0, |sum, cells| sum + float::load(&cells.words[0]))
    }

    /// All observations in classic buckets.
    pub(super) fn classic_count(&self) -> u64 {
        self.all()
            .flat_map(|cells| &cells.words[1..])
            .fold(0, |sum, word| {
                sum.wrapping_add(word.load(Ordering::Acquire))
            })
    }

    /// All observations in native buckets.
    pub(super) fn native_count(&self) -> u64 {
        self.all()
            .fold(0, |sum, cells| sum.wrapping_add(cells.native.count()))
    }

    pub(super) fn merge(&self, merge: &mut Merge<'_>) {
        self.all().for_each(|cells| merge.add(&cells.native));
    }

    /// As [`merge`](Self::merge), and there are no native counts from then on. Returns how many there were.
    pub(super) fn take(&self, merge: &mut Merge<'_>) -> u64 {
        self.all()
            .fold(0, |sum, cells| sum.wrapping_add(merge.take(&cells.native)))
    }

    /// Returns the sum, which is 0 from then on.
    pub(super) fn take_sum(&self) -> f64 {
        self.all()
            .fold(0.0, |sum, cells| sum + float::take(&cells.words[0]))
    }

    /// Forgets the classic buckets, and begins again with the first table of native ones.
    pub(super) fn clear(&self) {
        for cells in self.all() {
            for word in &cells.words[1..] {
                word.store(0, Ordering::Relaxed);
            }
            cells.native.rewind();
        }
    }

    /// What was counted before the stripes stays in `cells`.
    fn all(&self) -> impl Iterator<Item = &Cells> + Clone {
        std::iter::once(&self.cells).chain(self.stripes.all())
    }
}

/// What one stripe counts.
#[derive(Debug)]
struct Cells {
    /// The sum, and a count for each classic bucket.
    words: Box<[AtomicU64]>,
    native: Counts,
}

/// Words between a stripe's cells and its neighbours on the heap: one pair of cache lines.
const PADDING: usize = 16;

impl Cells {
    fn new(layout: &Layout, padding: usize) -> Self {
        Self {
            words: (0..1 + layout.buckets() + padding)
                .map(|_| AtomicU64::new(0))
                .collect(),
            native: Counts::new(),
        }
    }

    /// False if another thread was adding at the same time.
    #[inline]
    fn add(&self, layout: &Layout, value: f64) -> bool {
        let bucket = || &self.words[1 + layout.bounds.bucket_of(value)];
        let mut alone = true;
        match &layout.native {
            None => {
                bucket().fetch_add(1, Ordering::Relaxed);
            }
            Some(native) => {
                alone = self.native.add(native, value);
                if layout.has_classic() {
                    // Release, and the native form first: whoever sees the one has to see the other.
                    bucket().fetch_add(1, Ordering::Release);
                }
            }
        }
        // A body without content is the most common size of all, and adds nothing to the sum.
        let alone_in_sum = value == 0.0 || !value.is_finite() || float::add(&self.words[0], value);
        alone && alone_in_sum
    }

    fn add_to(&self, buckets: &mut [u64]) -> f64 {
        for (total, cell) in buckets.iter_mut().zip(&self.words[1..]) {
            *total = total.wrapping_add(cell.load(Ordering::Acquire));
        }
        float::load(&self.words[0])
    }
}
