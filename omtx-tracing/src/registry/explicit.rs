//! Histograms with explicit bounds.

use omtx_metrics::visit;

use super::field::{double_always, packed_fixed64};
use crate::encode::wire;

/// What a `HistogramDataPoint` says of values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Explicit {
    /// Finite, rising.
    bounds: Vec<f64>,
    /// Per bucket, one more than there are bounds.
    counts: Vec<u64>,
    /// `None` where observations may be negative: the sum "is assumed to be monotonic" (metrics.proto).
    sum: Option<f64>,
}

impl Explicit {
    /// Takes over a histogram's classic buckets.
    pub(super) fn read(histogram: &visit::Histogram<'_>) -> Self {
        let (mut bounds, counts): (Vec<_>, Vec<_>) = histogram
            .buckets()
            .map(|bucket| (bucket.upper, bucket.count))
            .unzip();
        bounds.pop(); // that of +Inf, which is always there
        Self {
            bounds,
            counts,
            sum: (!histogram.may_be_negative()).then(|| histogram.sum()),
        }
    }

    /// What came since `earlier`. `None` if that was no earlier state of the same histogram: something is smaller now.
    pub(super) fn since(&self, earlier: &Self) -> Option<Self> {
        if self.bounds != earlier.bounds {
            return None;
        }
        let counts = self.counts.iter().zip(&earlier.counts);
        Some(Self {
            bounds: self.bounds.clone(),
            counts: counts
                .map(|(now, then)| now.checked_sub(*then))
                .collect::<Option<_>>()?,
            // Observations are not negative, and rounding does not make their sum so.
            sum: self
                .sum
                .zip(earlier.sum)
                .map(|(now, then)| (now - then).max(0.0)),
        })
    }

    /// The fields of a `HistogramDataPoint` that hold values.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let count = self
            .counts
            .iter()
            .fold(0_u64, |sum, &n| sum.wrapping_add(n));
        wire::fixed64(4, count, out);
        if let Some(sum) = self.sum {
            double_always(5, sum, out);
        }
        packed_fixed64(6, self.counts.iter().copied(), out);
        packed_fixed64(7, self.bounds.iter().map(|bound| bound.to_bits()), out);
    }
}
