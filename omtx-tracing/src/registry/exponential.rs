//! Native histograms as exponential ones.

use omtx_metrics::visit;

use super::field::{double, double_always, packed_uint, sint32};
use crate::encode::wire;

/// As many buckets a message lists on either side of zero, the empty ones between populated ones included; the resolution is
/// lowered until they fit. One kilobyte if most are empty: native buckets are a few hundred at most by default, but may lie far
/// apart, and OTLP has no way to leave out those in between.
const MAX_LISTED: usize = 1024;

/// Coarser is no schema of Prometheus, and no double needs it: 134 buckets hold them all.
const COARSEST: i32 = -4;

/// What an `ExponentialHistogramDataPoint` says of values. Buckets as Prometheus has them: `index` holds
/// `(base^(index-1), base^index]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Exponential {
    scale: i32,
    zero_count: u64,
    zero_threshold: f64,
    positive: Vec<(i32, u64)>,
    negative: Vec<(i32, u64)>,
    sum: f64,
}

impl Exponential {
    /// Takes over a histogram's native buckets.
    ///
    /// Those of infinities are left out, and so is what was not a number: it is in no bucket, and the count of a point is the
    /// sum of its buckets (OpenTelemetry, "Prometheus and OpenMetrics Compatibility", "Native Histograms").
    pub(super) fn read(native: &visit::NativeHistogram<'_>) -> Self {
        let last = last_finite(native.schema());
        let finite = |buckets: &[(i32, u64)]| {
            let finite = buckets.iter().filter(|(index, _)| *index <= last);
            finite.copied().collect()
        };
        let mut read = Self {
            scale: native.schema(),
            zero_count: native.zero_count(),
            zero_threshold: native.zero_threshold(),
            positive: finite(native.positive()),
            negative: finite(native.negative()),
            sum: native.sum(),
        };
        while read.listed() > MAX_LISTED && read.scale > COARSEST {
            read.lower_scale();
        }
        read
    }

    /// How many buckets the longer side lists.
    fn listed(&self) -> usize {
        [&self.positive, &self.negative]
            .map(|buckets| match (buckets.first(), buckets.last()) {
                (Some((first, _)), Some((last, _))) => last.abs_diff(*first) as usize + 1,
                _ => 0,
            })
            .into_iter()
            .max()
            .unwrap_or(0)
    }

    /// Makes one bucket of every two.
    fn lower_scale(&mut self) {
        self.scale -= 1;
        for buckets in [&mut self.positive, &mut self.negative] {
            for (index, _) in buckets.iter_mut() {
                *index = (*index + 1) >> 1;
            }
            join(buckets);
        }
    }

    /// What came since `earlier`, at this resolution. `None` if that was no earlier state of the same histogram: something is
    /// smaller now, or finer.
    pub(super) fn since(&self, earlier: &Self) -> Option<Self> {
        if self.scale > earlier.scale || self.zero_threshold < earlier.zero_threshold {
            return None;
        }
        let mut then = earlier.clone();
        while then.scale > self.scale {
            then.lower_scale();
        }
        if self.zero_threshold > then.zero_threshold {
            then.widen_zero(self.zero_threshold);
        }
        Some(Self {
            scale: self.scale,
            zero_count: self.zero_count.checked_sub(then.zero_count)?,
            zero_threshold: self.zero_threshold,
            positive: difference(&self.positive, &then.positive)?,
            negative: difference(&self.negative, &then.negative)?,
            sum: self.sum - then.sum,
        })
    }

    /// Moves what is below the threshold, which is the bound of a bucket, to the zero bucket.
    fn widen_zero(&mut self, threshold: f64) {
        let step = f64::exp2(f64::from(-self.scale));
        for buckets in [&mut self.positive, &mut self.negative] {
            let upper = |index: i32| f64::exp2(f64::from(index) * step);
            buckets.retain(|&(index, count)| {
                let stays = upper(index) > threshold;
                if !stays {
                    self.zero_count = self.zero_count.wrapping_add(count);
                }
                stays
            });
        }
        self.zero_threshold = threshold;
    }

    fn count(&self) -> u64 {
        let buckets = self.positive.iter().chain(&self.negative);
        buckets.fold(self.zero_count, |sum, (_, count)| sum.wrapping_add(*count))
    }

    /// The fields of an `ExponentialHistogramDataPoint` that hold values.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        wire::fixed64(4, self.count(), out);
        double_always(5, self.sum, out);
        sint32(6, self.scale, out);
        wire::fixed64(7, self.zero_count, out);
        write_buckets(8, &self.positive, out);
        write_buckets(9, &self.negative, out);
        double(14, self.zero_threshold, out);
    }
}

/// The index of the bucket that the largest double is in; behind it come infinities.
fn last_finite(scale: i32) -> i32 {
    const EXPONENTS: i32 = 1024;
    if scale >= 0 {
        EXPONENTS << scale
    } else {
        EXPONENTS >> -scale
    }
}

/// Adds up neighbours with the same index.
fn join(buckets: &mut Vec<(i32, u64)>) {
    buckets.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.wrapping_add(next.1);
        }
        same
    });
}

/// `None` if a bucket holds less than it did.
fn difference(now: &[(i32, u64)], then: &[(i32, u64)]) -> Option<Vec<(i32, u64)>> {
    let mut then = then.iter().peekable();
    let mut more = Vec::with_capacity(now.len());
    for &(index, count) in now {
        let before = then.next_if(|(other, _)| *other == index);
        let came = count.checked_sub(before.map_or(0, |(_, count)| *count))?;
        if came > 0 {
            more.push((index, came));
        }
    }
    // What is left has gone.
    then.next().is_none().then_some(more)
}

/// OTLP names a bucket by its lower bound, Prometheus by its upper one: hence the 1.
fn write_buckets(tag: u32, buckets: &[(i32, u64)], out: &mut Vec<u8>) {
    let Some(&(first, _)) = buckets.first() else {
        return;
    };
    let mut dense: Vec<u64> = Vec::new();
    for &(index, count) in buckets {
        dense.resize(index.abs_diff(first) as usize, 0);
        dense.push(count);
    }
    wire::message(tag, out, |out| {
        sint32(1, first - 1, out);
        packed_uint(2, &dense, out);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exponential(scale: i32, positive: &[(i32, u64)]) -> Exponential {
        Exponential {
            scale,
            positive: positive.to_vec(),
            ..Exponential::default()
        }
    }

    /// The bucket of a value at a scale, as Prometheus numbers it.
    fn index(value: f64, scale: i32) -> i32 {
        (value.log2() * f64::exp2(f64::from(scale))).ceil() as i32
    }

    #[test]
    fn two_buckets_become_one_that_holds_what_they_held() {
        for (value, scale) in [(1.0, 3), (1.1, 3), (7.9, 2), (8.0, 2), (0.3, 1), (0.25, 1)] {
            let mut coarse = exponential(scale, &[(index(value, scale), 1)]);
            coarse.lower_scale();
            assert_eq!(
                coarse,
                exponential(scale - 1, &[(index(value, scale - 1), 1)]),
                "{value}"
            );
        }
    }

    #[test]
    fn infinities_lie_behind_the_largest_double() {
        for scale in COARSEST..=8 {
            assert!(index(f64::MAX, scale) <= last_finite(scale));
            assert!(
                f64::exp2(f64::from(last_finite(scale)) * f64::exp2(f64::from(-scale)))
                    .is_infinite()
            );
        }
    }

    #[test]
    fn what_fell_into_a_wider_zero_bucket_did_not_come_now() {
        let earlier = Exponential {
            zero_threshold: 1e-128,
            zero_count: 1,
            ..exponential(0, &[(0, 5), (1, 3), (2, 4)])
        };
        let now = Exponential {
            zero_threshold: 2.0,
            zero_count: 10,
            ..exponential(0, &[(2, 6)])
        };
        let came = now.since(&earlier).unwrap();
        assert_eq!((came.zero_count, came.positive), (1, vec![(2, 2)]));
    }

    #[test]
    fn what_is_smaller_now_is_another_histogram() {
        let earlier = exponential(1, &[(0, 5), (3, 1)]);
        assert!(exponential(1, &[(0, 4), (3, 1)]).since(&earlier).is_none());
        assert!(exponential(1, &[(0, 5)]).since(&earlier).is_none());
        assert!(exponential(2, &[(0, 5), (3, 1)]).since(&earlier).is_none());
    }

    proptest! {
        #[test]
        fn earlier_and_since_make_now_at_the_lower_resolution(
            earlier in prop::collection::btree_map(-40..40_i32, 1..9_u64, 0..12),
            came in prop::collection::btree_map(-40..40_i32, 1..9_u64, 0..12),
            lower in 0..4,
        ) {
            let list = |buckets: &std::collections::BTreeMap<i32, u64>| buckets.iter().map(|(i, n)| (*i, *n)).collect::<Vec<_>>();
            let mut sum = earlier.clone();
            for (index, count) in &came {
                *sum.entry(*index).or_default() += count;
            }
            let (earlier, mut came, mut now) =
                (exponential(3, &list(&earlier)), exponential(3, &list(&came)), exponential(3, &list(&sum)));
            for _ in 0..lower {
                came.lower_scale();
                now.lower_scale();
            }
            prop_assert_eq!(now.since(&earlier), Some(came));
        }
    }
}
