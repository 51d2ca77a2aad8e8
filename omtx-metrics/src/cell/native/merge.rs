//! All tables of a histogram as one, within its limit.

use super::index::{COARSEST, coarser, coarsest_bound};
use super::table::{Bucket, Table};
use super::{Counts, NativeLayout, NativeReading};

/// What tables have counted, while they are added up.
///
/// What is populated only ever grows until it is taken, so that the resolution never rises between two readings, nor does
/// the zero bucket shrink: to Prometheus either would look like a restart.
#[derive(Debug)]
pub(crate) struct Merge<'a> {
    layout: &'a NativeLayout,
    /// Its buckets are of `schema`, in no order.
    reading: &'a mut NativeReading,
    schema: i32,
    zero: u64,
    nan: u64,
}

impl<'a> Merge<'a> {
    pub(crate) fn new(layout: &'a NativeLayout, reading: &'a mut NativeReading) -> Self {
        reading.positive.clear();
        reading.negative.clear();
        Self {
            layout,
            reading,
            schema: layout.schema,
            zero: 0,
            nan: 0,
        }
    }

    /// Adds what `counts` has.
    pub(crate) fn add(&mut self, counts: &Counts) {
        for table in counts.tables() {
            self.add_table(table.schema, table.iter());
        }
    }

    /// The same, and `counts` has nothing from then on. Returns how many observations that were.
    pub(crate) fn take(&mut self, counts: &Counts) -> u64 {
        let taken = |table: &Table| self.add_table(table.schema, table.take());
        counts.tables().map(taken).fold(0, u64::wrapping_add)
    }

    fn add_table(&mut self, schema: i32, counts: impl Iterator<Item = (Bucket, u64)>) -> u64 {
        let mut total = 0_u64;
        for (bucket, count) in counts {
            if schema < self.schema {
                // Only now: a coarse table that is empty makes nothing coarser.
                self.coarsen((self.schema - schema) as u32);
            }
            total = total.wrapping_add(count);
            let by = (schema - self.schema) as u32;
            match bucket {
                Bucket::Nan => self.nan = self.nan.wrapping_add(count),
                Bucket::Zero => self.zero = self.zero.wrapping_add(count),
                Bucket::Positive(index) => self.reading.positive.push((coarser(index, by), count)),
                Bucket::Negative(index) => self.reading.negative.push((coarser(index, by), count)),
            }
        }
        total
    }

    fn coarsen(&mut self, by: u32) {
        shift(&mut self.reading.positive, by);
        shift(&mut self.reading.negative, by);
        self.schema -= by as i32;
    }

    /// Brings the reading within the limit. Its `sum` is the caller's, but for NaN.
    pub(crate) fn finish(mut self, sum: f64) {
        join(&mut self.reading.positive);
        join(&mut self.reading.negative);
        let max_buckets = self.layout.max_buckets;
        while self.buckets() > max_buckets && self.schema > COARSEST {
            self.coarsen(1);
        }
        let mut zero_threshold = self.layout.zero_threshold;
        while self.buckets() > max_buckets {
            let NativeReading {
                positive, negative, ..
            } = &mut *self.reading;
            let lowest = |buckets: &[(i32, u64)]| buckets.first().map(|(index, _)| *index);
            let index = [lowest(positive), lowest(negative)]
                .into_iter()
                .flatten()
                .min()
                .expect("there are too many buckets, so there is one");
            // The bucket of the largest numbers ends beyond them, and infinities stay where they are.
            zero_threshold = coarsest_bound(index).min(f64::MAX);
            for buckets in [positive, negative] {
                if lowest(buckets) == Some(index) {
                    self.zero = self.zero.wrapping_add(buckets.remove(0).1);
                }
            }
        }
        let Self {
            reading,
            schema,
            zero,
            nan,
            ..
        } = self;
        let buckets = reading.positive.iter().chain(&reading.negative);
        reading.count = buckets.fold(zero.wrapping_add(nan), |sum, (_, count)| {
            sum.wrapping_add(*count)
        });
        reading.schema = schema;
        reading.zero_threshold = zero_threshold;
        reading.zero_count = zero;
        reading.sum = if nan > 0 { f64::NAN } else { sum };
    }

    fn buckets(&self) -> usize {
        self.reading.positive.len() + self.reading.negative.len()
    }
}

/// Makes all buckets `by` schemas coarser.
fn shift(buckets: &mut Vec<(i32, u64)>, by: u32) {
    for (index, _) in buckets.iter_mut() {
        *index = coarser(*index, by);
    }
    join(buckets);
}

/// Sorts, and makes one of those with the same index.
fn join(buckets: &mut Vec<(i32, u64)>) {
    buckets.sort_unstable_by_key(|(index, _)| *index);
    buckets.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.wrapping_add(next.1);
        }
        same
    });
}
