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

/// A [`Bucket`] in 21 bits; 0 is none.
type Key = u64;

const NONE: Key = 0;

/// Makes indexes positive: none is below -1074 * 256, or above 1024 * 256 + 1.
const OFFSET: i32 = 1 << 19;

impl Bucket {
    #[inline]
    fn key(self) -> Key {
        match self {
            Self::Nan => 1,
            Self::Zero => 2,
            Self::Positive(index) => ((index + OFFSET) as Key) << 1,
            Self::Negative(index) => ((index + OFFSET) as Key) << 1 | 1,
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

/// A bucket and its count in one word: whoever exchanges the word knows which bucket it counts in, also when the slot has
/// been emptied since it was found.
type Word = u64;

const COUNT_BITS: u32 = 43;

/// 8.8 * 10^12: with a million observations a second in one bucket, a hundred days. Then another table takes over.
const MOST: Word = (1 << COUNT_BITS) - 1;

/// What became of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// Counted, at the first try.
    Alone,
    /// Counted, while another thread was counting in the same bucket.
    Beside,
    /// Not counted: the table has no slot for it.
    No,
}

/// The counts of one schema. A bucket keeps its slot until the table is emptied.
#[derive(Debug)]
pub(super) struct Table {
    lines: Box<[Line]>,
    pub(super) schema: i32,
    /// Slots that are taken.
    taken: AtomicU32,
    /// Slots that may be. Threads that take one at the same moment may take one more each, for which a quarter stays free.
    pub(super) limit: u32,
}

/// Slots that share a cache line. Aligned, so that tables do not share any.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([AtomicU64; SLOTS_PER_LINE]);

const SLOTS_PER_LINE: usize = if cfg!(loom) { 2 } else { 8 };

impl Table {
    pub(super) fn new(schema: i32, limit: usize) -> Self {
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
    fn slots_from(&self, key: Key) -> impl Iterator<Item = &AtomicU64> {
        let mask = self.lines.len() * SLOTS_PER_LINE - 1;
        let start = (key >> 1) as usize;
        (start..start + mask + 1).map(move |at| {
            let at = at & mask;
            &self.lines[at / SLOTS_PER_LINE].0[at % SLOTS_PER_LINE]
        })
    }

    /// Counts an observation of a bucket that has a slot already.
    #[inline]
    pub(super) fn add(&self, bucket: Bucket) -> Added {
        let key = bucket.key();
        for slot in self.slots_from(key) {
            // Relaxed: a slot's count is as old as its key.
            let word = slot.load(Ordering::Relaxed);
            if word >> COUNT_BITS == key {
                return add(slot, word, key);
            }
            if word == NONE {
                break;
            }
        }
        Added::No
    }

    /// Counts an observation of a bucket that may need a slot.
    #[cold]
    pub(super) fn add_new(&self, bucket: Bucket) -> Added {
        let is_full = self.is_full();
        let key = bucket.key();
        for slot in self.slots_from(key) {
            let mut word = slot.load(Ordering::Relaxed);
            if word == NONE {
                if is_full {
                    break;
                }
                let new = key << COUNT_BITS | 1;
                match slot.compare_exchange(NONE, new, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => {
                        self.taken.fetch_add(1, Ordering::Relaxed);
                        return Added::Alone;
                    }
                    Err(faster) => word = faster,
                }
            }
            if word >> COUNT_BITS == key {
                return add(slot, word, key);
            }
        }
        Added::No
    }

    /// True if a bucket without a slot gets none.
    pub(super) fn is_full(&self) -> bool {
        self.taken.load(Ordering::Relaxed) >= self.limit
    }

    /// Buckets and their counts, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Bucket, u64)> {
        self.read(|slot| slot.load(Ordering::Relaxed))
    }

    /// The same, and the table is empty from then on. What is observed meanwhile is either among the counts or stays in the
    /// table, and never both.
    pub(super) fn take(&self) -> impl Iterator<Item = (Bucket, u64)> {
        self.taken.store(0, Ordering::Relaxed);
        self.read(|slot| slot.swap(NONE, Ordering::Relaxed))
    }

    fn read(&self, read: impl Fn(&AtomicU64) -> Word) -> impl Iterator<Item = (Bucket, u64)> {
        let slots = self.lines.iter().flat_map(|line| &line.0);
        slots.filter_map(move |slot| {
            let word = read(slot);
            let bucket = Bucket::from_key(word >> COUNT_BITS)?;
            Some((bucket, word & MOST))
        })
    }
}

/// Adds 1 to a slot that was `word` when it was last seen, unless it is `key`'s no more.
#[inline]
fn add(slot: &AtomicU64, mut word: Word, key: Key) -> Added {
    let mut added = Added::Alone;
    while word >> COUNT_BITS == key && word & MOST < MOST {
        match slot.compare_exchange_weak(word, word + 1, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return added,
            Err(changed) => {
                word = changed;
                added = Added::Beside;
            }
        }
    }
    Added::No
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

    fn counts(counts: impl Iterator<Item = (Bucket, u64)>) -> Vec<(Bucket, u64)> {
        let mut counts: Vec<_> = counts.collect();
        counts.sort_by_key(|(_, count)| *count);
        counts
    }

    #[test]
    fn a_full_table_still_counts_what_it_has() {
        let table = Table::new(0, 2);
        assert_eq!(table.add(Bucket::Zero), Added::No);
        assert_eq!(table.add_new(Bucket::Zero), Added::Alone);
        assert_eq!(table.add_new(Bucket::Positive(7)), Added::Alone);
        assert_eq!(table.add_new(Bucket::Positive(8)), Added::No);
        assert_eq!(table.add_new(Bucket::Positive(7)), Added::Alone);
        assert_eq!(table.add(Bucket::Positive(7)), Added::Alone);
        let both = [(Bucket::Zero, 1), (Bucket::Positive(7), 3)];
        assert_eq!(counts(table.iter()), both);
    }

    #[test]
    fn a_table_that_was_emptied_has_room_again() {
        let table = Table::new(0, 2);
        table.add_new(Bucket::Zero);
        table.add_new(Bucket::Positive(7));
        table.add(Bucket::Positive(7));
        let both = [(Bucket::Zero, 1), (Bucket::Positive(7), 2)];
        assert_eq!(counts(table.take()), both);
        assert_eq!(counts(table.iter()), []);
        assert_eq!(table.add(Bucket::Zero), Added::No);
        assert_eq!(table.add_new(Bucket::Negative(1)), Added::Alone);
        assert_eq!(table.add_new(Bucket::Negative(2)), Added::Alone);
        assert!(table.is_full());
    }

    #[test]
    fn who_finds_the_slot_of_another_bucket_or_none_counts_nowhere() {
        let slot = AtomicU64::new(0);
        let (key, other) = (Bucket::Zero.key(), Bucket::Nan.key());
        assert_eq!(add(&slot, key << COUNT_BITS | 5, key), Added::No);
        slot.store(other << COUNT_BITS | 5, Ordering::Relaxed);
        assert_eq!(add(&slot, key << COUNT_BITS | 5, key), Added::No);
        assert_eq!(slot.into_inner(), other << COUNT_BITS | 5);
    }

    #[test]
    fn a_count_never_grows_into_its_key() {
        let table = Table::new(0, 2);
        table.add_new(Bucket::Zero);
        let slot = table.slots_from(Bucket::Zero.key()).next().unwrap();
        slot.store(
            Bucket::Zero.key() << COUNT_BITS | (MOST - 1),
            Ordering::Relaxed,
        );
        assert_eq!(table.add(Bucket::Zero), Added::Alone);
        assert_eq!(table.add(Bucket::Zero), Added::No);
        assert_eq!(table.add_new(Bucket::Zero), Added::No);
        assert_eq!(counts(table.iter()), [(Bucket::Zero, MOST)]);
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
