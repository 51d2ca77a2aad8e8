//! Beginning again at 0, while threads count.
//!
//! A histogram with resets has two sides, of which one counts while the other rests. A reset sends observations to the
//! resting side, and takes what the other has counted. No thread waits, and recording costs one load more.
//!
//! A thread may have chosen its side before a reset and count after it. What it counts on the side that rests by then, no
//! scrape has shown yet: it belongs to the series that has begun, and every reading adds it. To tell it from what was
//! shown, a side's native counts and sums are taken out as they are shown, each by one exchange. Classic buckets are not:
//! an observation that was shown in a native bucket may still be on its way to its classic one, where it is not to count
//! again. So what a resting side has in classic buckets matters in one way only: when it is as much as was shown, and as
//! came late, no thread is on its way. Until then the side rests, and there is no reset.

use std::sync::PoisonError;

use super::side::Side;
use super::{Snapshot, agree};
use crate::cell::native::{Merge, NativeLayout};
use crate::cell::{Layout, Values};
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering};
use crate::time::{Elapsed, Timestamp};

/// The second side of a histogram, and which of the two counts.
#[derive(Debug)]
pub(super) struct Resets {
    second: Side,
    second_counts: AtomicBool,
    /// Held by whoever reads, since a reading may reset.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the side that counts was empty.
    since: Elapsed,
    /// The same on the clock that scrapes show, if there has been a reset.
    reset: Option<Timestamp>,
    /// Observations of the resting side that were shown before it came to rest.
    shown: u64,
    has_classic: bool,
    #[cfg(test)]
    resets: usize,
}

impl Resets {
    /// Nothing if there is no reset in this layout.
    pub(super) fn new(layout: &Layout) -> Option<Self> {
        let native = layout.native.as_ref()?;
        (!native.min_reset_interval.is_zero()).then(|| Self {
            second: Side::new(layout),
            second_counts: AtomicBool::new(false),
            state: Mutex::new(State {
                since: Elapsed::now(),
                reset: None,
                shown: 0,
                has_classic: layout.has_classic(),
                #[cfg(test)]
                resets: 0,
            }),
        })
    }

    /// The side that counts.
    #[inline]
    pub(super) fn counting<'a>(&'a self, first: &'a Side) -> &'a Side {
        if self.second_counts.load(Ordering::Acquire) {
            &self.second
        } else {
            first
        }
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.state.lock().unwrap().resets
    }

    /// Both sides, for one reader at a time.
    pub(super) fn lock<'a>(&'a self, first: &'a Side) -> Sides<'a> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (counting, resting) = if self.second_counts.load(Ordering::Acquire) {
            (&self.second, first)
        } else {
            (first, &self.second)
        };
        Sides {
            counting,
            resting,
            second_counts: &self.second_counts,
            state,
        }
    }
}

/// Both sides, as their reader sees them.
pub(super) struct Sides<'a> {
    counting: &'a Side,
    resting: &'a Side,
    second_counts: &'a AtomicBool,
    state: MutexGuard<'a, State>,
}

impl Sides<'_> {
    /// Adds the classic buckets to those of `values`, which are 0, and puts the native ones in place if they are wanted.
    pub(super) fn read(&self, native: Option<&NativeLayout>, values: &mut Values) -> Snapshot {
        let sum = self.counting.add_to(&mut values.buckets) + self.resting.sum();
        // In which of its buckets an observation came late is not known any more.
        let late = self
            .resting
            .classic_count()
            .saturating_sub(self.state.shown);
        if let Some(infinite) = values.buckets.last_mut() {
            *infinite = infinite.wrapping_add(late);
        }
        if let Some(layout) = native {
            let mut merge = Merge::new(layout, &mut values.native);
            self.counting.merge(&mut merge);
            self.resting.merge(&mut merge);
            merge.finish(sum);
            agree(values);
        }
        Snapshot {
            sum,
            reset: self.state.reset,
        }
    }

    /// A model takes the same steps each time, so that it has no clock: there a reset is always due.
    pub(super) fn is_due(&self, layout: &NativeLayout) -> bool {
        cfg!(loom) || Elapsed::now().since(self.state.since) >= layout.min_reset_interval
    }

    /// Begins again at 0, and puts what was counted until then into `values`. Returns its sum; nothing if the resting side
    /// is not ready, in which case `values` stays as it is.
    pub(super) fn reset(mut self, layout: &NativeLayout, values: &mut Values) -> Option<f64> {
        if self.state.has_classic {
            // Classic buckets first: if both agree then, nobody was between the two at that moment.
            let classic = self.resting.classic_count();
            if classic != self.state.shown.wrapping_add(self.resting.native_count()) {
                return None;
            }
        }
        // What came late is shown with the series that it came late for.
        let mut merge = Merge::new(layout, &mut values.native);
        self.resting.take(&mut merge);
        let late_sum = self.resting.take_sum();
        self.resting.clear();
        self.second_counts.fetch_xor(true, Ordering::Release);
        self.state.since = Elapsed::now();
        self.state.reset = Some(Timestamp::now());
        #[cfg(test)]
        {
            self.state.resets += 1;
        }

        values.buckets.fill(0);
        self.counting.add_to(&mut values.buckets);
        self.state.shown = self.counting.take(&mut merge);
        let sum = self.counting.take_sum() + late_sum;
        merge.finish(sum);
        agree(values);
        Some(sum)
    }
}
