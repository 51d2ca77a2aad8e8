//! Counts by bucket: a hash table into which threads add side by side.

use super::index::{FINEST, coarser, finest_index};
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// What an observation is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bucket {
    /// Not a number: in no bucket.
    Nan,
    Zero,
    Positive(i32),
    Negative(i32),
}

impl Bucket {
    /// Where `value` is counted at a schema that is `shift` coarser than the finest.
    #[inline]
    pub(super) fn of(value: f64, zero_threshold: f64, shift: u32) -> Self {
        let magnitude = value.abs();
        if magnitude > zero_threshold {
            let index = coarser(finest_index(magnitude), shift);
            if value > 0.0 {
                Self::Positive(index)
            } else {
                Self::Negative(index)
            }
        } else if value.is_nan() {
            Self::Nan
        } else {
            Self::Zero
        }
    }
}

/// A [`Bucket`] in 32 bits; 0 is none.
type Key = u32;

const NONE: Key = 0;

/// Makes indexes positive: none is below -1074 * 256.
const OFFSET: i32 = 1 << 19;

impl Bucket {
    #[inline]
    fn key(self) -> Key {
        match self {
            Self::Nan => 1,
            Self::Zero => 2,
            Self::Positive(index) => ((index + OFFSET) as u32) << 1,
            Self::Negative(index) => ((index + OFFSET) as u32) << 1 | 1,
        }
    }

    fn from_key(key: Key) -> Option<Self> {
        let index = (key >> 1) as i32 - OFFSET;
        Some(match key {
            NONE => return None,
            1 => Self::Nan,
            2 => Self::Zero,
            _ if key & 1 == 0 => Self::Positive(index),
            _ => Self::Negative(index),
        })
    }
}

/// The counts of one schema. A bucket that has a slot keeps it; there is always a free one, so that searches end.
#[derive(Debug)]
pub(super) struct Table {
    lines: Box<[Line]>,
    pub(super) schema: i32,
    /// Slots that are taken, or about to be.
    taken: AtomicU32,
    /// Slots that may be.
    pub(super) limit: u32,
}

/// Slots that share a cache line. Aligned, so that tables do not share any.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([Slot; SLOTS_PER_LINE]);

const SLOTS_PER_LINE: usize = if cfg!(loom) { 2 } else { 4 };

#[derive(Debug, Default)]
struct Slot {
    key: AtomicU32,
    count: AtomicU64,
}

impl Table {
    pub(super) fn new(schema: i32, limit: usize) -> Self {
        // A quarter stays free, and one slot at least.
        let slots = (limit * 4).div_ceil(3).next_power_of_two();
        let lines = slots.div_ceil(SLOTS_PER_LINE).next_power_of_two();
        Self {
            lines: (0..lines).map(|_| Line::default()).collect(),
            schema,
            taken: AtomicU32::new(0),
            limit: limit as u32,
        }
    }

    #[inline]
    pub(super) fn shift(&self) -> u32 {
        (FINEST - self.schema) as u32
    }

    /// The slots from the one on where `key` would be if all were free. Neighbouring buckets have neighbouring slots:
    /// most observations of a service fall into a run of buckets that way, and none of them collides.
    #[inline]
    fn slots_from(&self, key: Key) -> impl Iterator<Item = &Slot> {
        let mask = self.lines.len() * SLOTS_PER_LINE - 1;
        let start = (key >> 1) as usize;
        (start..start + mask + 1).map(move |at| {
            let at = at & mask;
            &self.lines[at / SLOTS_PER_LINE].0[at % SLOTS_PER_LINE]
        })
    }

    /// Counts an observation of a bucket that has a slot already; false if it has none.
    #[inline]
    pub(super) fn add(&self, bucket: Bucket) -> bool {
        let key = bucket.key();
        for slot in self.slots_from(key) {
            // Relaxed: a slot's count is as old as its key.
            match slot.key.load(Ordering::Relaxed) {
                NONE => return false,
                taken if taken == key => {
                    slot.count.fetch_add(1, Ordering::Relaxed);
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// Counts an observation of a bucket that may need a slot; false if there is none left.
    #[cold]
    pub(super) fn add_new(&self, bucket: Bucket) -> bool {
        // Reserved first: however many threads get here at once, some slots stay free.
        if self.taken.fetch_add(1, Ordering::Relaxed) >= self.limit {
            // Not given back: the table is full for good, and the count cannot overflow before it is replaced.
            return self.add(bucket);
        }
        let key = bucket.key();
        for slot in self.slots_from(key) {
            let claimed =
                slot.key
                    .compare_exchange(NONE, key, Ordering::Relaxed, Ordering::Relaxed);
            match claimed {
                Ok(_) => {}
                Err(taken) if taken == key => {
                    // Another thread was faster; its reservation is the one that counts.
                    self.taken.fetch_sub(1, Ordering::Relaxed);
                }
                Err(_) => continue,
            }
            slot.count.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        false
    }

    /// Buckets and their counts, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Bucket, u64)> {
        let slots = self.lines.iter().flat_map(|line| &line.0);
        slots.filter_map(|slot| {
            let bucket = Bucket::from_key(slot.key.load(Ordering::Relaxed))?;
            Some((bucket, slot.count.load(Ordering::Relaxed)))
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn special_values_have_buckets_of_their_own() {
        for (value, bucket) in [
            (f64::NAN, Bucket::Nan),
            (0.0, Bucket::Zero),
            (-0.0, Bucket::Zero),
            (0.5, Bucket::Zero),
            (-0.5, Bucket::Zero),
            (1.0, Bucket::Positive(0)),
            (-1.0, Bucket::Negative(0)),
            (f64::INFINITY, Bucket::Positive(1_025)),
            (f64::NEG_INFINITY, Bucket::Negative(1_025)),
        ] {
            assert_eq!(Bucket::of(value, 0.5, 8), bucket, "{value}");
        }
    }

    #[test]
    fn a_full_table_still_counts_what_it_has() {
        let table = Table::new(0, 2);
        assert!(!table.add(Bucket::Zero));
        assert!(table.add_new(Bucket::Zero) && table.add_new(Bucket::Positive(7)));
        assert!(!table.add_new(Bucket::Positive(8)));
        assert!(table.add_new(Bucket::Zero) && table.add(Bucket::Positive(7)));
        let mut counts: Vec<_> = table.iter().collect();
        counts.sort_by_key(|(_, count)| *count);
        assert_eq!(counts, [(Bucket::Zero, 2), (Bucket::Positive(7), 2)]);
    }

    proptest! {
        #[test]
        fn every_bucket_survives_its_key(index in -300_000..300_000_i32) {
            for bucket in [Bucket::Nan, Bucket::Zero, Bucket::Positive(index), Bucket::Negative(index)] {
                prop_assert_eq!(Bucket::from_key(bucket.key()), Some(bucket));
            }
        }
    }
}
