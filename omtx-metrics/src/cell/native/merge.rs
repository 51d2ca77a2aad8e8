//! All tables of a histogram as one, within its limit.

use super::index::{COARSEST, coarser, coarsest_bound};
use super::table::Bucket;
use super::{Counts, NativeLayout, NativeReading};

/// Puts what `stripes` have counted into `reading`. Its `sum` is the caller's, but for NaN.
///
/// What is populated only ever grows, so that the resolution never rises between two readings, nor does the zero bucket
/// shrink: to Prometheus either would look like a restart.
pub(crate) fn merge<'a>(
    layout: &NativeLayout,
    stripes: impl Iterator<Item = &'a Counts> + Clone,
    sum: f64,
    reading: &mut NativeReading,
) {
    // Whatever is pushed from here on is not seen: the schema and the counts are those of the same tables.
    let schemas = stripes
        .clone()
        .flat_map(Counts::tables)
        .map(|table| table.schema);
    let NativeReading {
        positive, negative, ..
    } = reading;
    positive.clear();
    negative.clear();
    let mut schema = schemas.min().unwrap_or(layout.schema);
    let (mut zero_count, mut nan) = (0_u64, 0_u64);
    for table in stripes.flat_map(Counts::tables) {
        // A table that came in between may be coarser.
        if table.schema < schema {
            shift(positive, (schema - table.schema) as u32);
            shift(negative, (schema - table.schema) as u32);
            schema = table.schema;
        }
        for (bucket, count) in table.iter() {
            let by = (table.schema - schema) as u32;
            match bucket {
                // Taken, and about to be counted.
                _ if count == 0 => {}
                Bucket::Nan => nan = nan.wrapping_add(count),
                Bucket::Zero => zero_count = zero_count.wrapping_add(count),
                Bucket::Positive(index) => positive.push((coarser(index, by), count)),
                Bucket::Negative(index) => negative.push((coarser(index, by), count)),
            }
        }
    }
    join(positive);
    join(negative);
    while positive.len() + negative.len() > layout.max_buckets && schema > COARSEST {
        schema -= 1;
        shift(positive, 1);
        shift(negative, 1);
    }
    let mut zero_threshold = layout.zero_threshold;
    while positive.len() + negative.len() > layout.max_buckets {
        let lowest = |buckets: &[(i32, u64)]| buckets.first().map(|(index, _)| *index);
        let index = [lowest(positive), lowest(negative)]
            .into_iter()
            .flatten()
            .min()
            .expect("there are too many buckets, so there is one");
        // The bucket of the largest numbers ends beyond them, and infinities stay where they are.
        zero_threshold = coarsest_bound(index).min(f64::MAX);
        for buckets in [&mut *positive, &mut *negative] {
            if lowest(buckets) == Some(index) {
                zero_count = zero_count.wrapping_add(buckets.remove(0).1);
            }
        }
    }
    let count = positive
        .iter()
        .chain(negative.iter())
        .fold(zero_count.wrapping_add(nan), |sum, (_, count)| {
            sum.wrapping_add(*count)
        });
    reading.schema = schema;
    reading.zero_threshold = zero_threshold;
    reading.zero_count = zero_count;
    reading.count = count;
    reading.sum = if nan > 0 { f64::NAN } else { sum };
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
