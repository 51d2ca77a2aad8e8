//! Histograms and summaries, as a visitor sees them.

use crate::cell::NativeReading;

/// A histogram at one moment: classic buckets, native ones, or both.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<'a> {
    classic: Classic<'a>,
    sum: f64,
    native: Option<NativeHistogram<'a>>,
}

#[derive(Debug, Clone, Copy)]
enum Classic<'a> {
    /// Finite upper bounds, and counts per bucket, one more.
    Own(&'a [f64], &'a [u64]),
    /// Finite upper bounds with cumulative counts, and the count of all.
    #[cfg_attr(not(feature = "prometheus"), allow(dead_code))]
    Foreign(&'a [(f64, u64)], u64),
}

/// A classic bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Bucket {
    /// The largest value that it holds: `le`. The last bucket's is infinite.
    pub upper: f64,
    /// How many observations it holds: its own, not those of the buckets below it.
    pub count: u64,
}

impl<'a> Histogram<'a> {
    pub(super) fn own(
        upper: &'a [f64],
        counts: &'a [u64],
        sum: f64,
        native: Option<&'a NativeReading>,
    ) -> Self {
        Self {
            classic: Classic::Own(upper, counts),
            sum,
            native: native.map(NativeHistogram),
        }
    }

    #[cfg(feature = "prometheus")]
    pub(super) fn foreign(cumulative: &'a [(f64, u64)], sum: f64, count: u64) -> Self {
        Self {
            classic: Classic::Foreign(cumulative, count),
            sum,
            native: None,
        }
    }

    /// The classic buckets by rising bound, that of `+Inf` last. Where there are native buckets only, that one holds
    /// everything.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + use<'a> {
        let classic = self.classic;
        let finite = match classic {
            Classic::Own(upper, _) => upper.len(),
            Classic::Foreign(cumulative, _) => cumulative.len(),
        };
        (0..=finite).map(move |index| match classic {
            Classic::Own(upper, counts) => Bucket {
                upper: upper.get(index).copied().unwrap_or(f64::INFINITY),
                count: counts.get(index).copied().unwrap_or(0),
            },
            Classic::Foreign(cumulative, all) => {
                let below = index.checked_sub(1).map_or(0, |below| cumulative[below].1);
                let (upper, up_to) = cumulative
                    .get(index)
                    .copied()
                    .unwrap_or((f64::INFINITY, all));
                Bucket {
                    upper,
                    // What a collector says was checked to rise; a count that wraps is still a difference.
                    count: up_to.wrapping_sub(below),
                }
            }
        })
    }

    /// True unless the histogram has native buckets only.
    #[must_use]
    pub fn has_classic_buckets(&self) -> bool {
        match self.classic {
            Classic::Own(upper, _) => !upper.is_empty() || self.native.is_none(),
            Classic::Foreign(..) => true,
        }
    }

    /// How many observations there were: the sum of the classic buckets, always. One that was not a number is in the last.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self.classic {
            Classic::Own(_, counts) => counts.iter().fold(0, |sum, &n| sum.wrapping_add(n)),
            Classic::Foreign(_, count) => count,
        }
    }

    /// The sum of the observations, without those that were not finite.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// True if observations may be negative, as far as buckets tell: then the sum may go down, and is no counter.
    #[must_use]
    pub fn may_be_negative(&self) -> bool {
        let first = match self.classic {
            Classic::Own(upper, _) => upper.first().copied(),
            Classic::Foreign(cumulative, _) => cumulative.first().map(|(upper, _)| *upper),
        };
        first.is_some_and(|first| first < 0.0)
            || self
                .native
                .is_some_and(|native| !native.negative().is_empty())
    }

    /// The native form; `None` if the family has not got it, or [`Wants::native`](super::Wants::native) did not ask for it.
    #[must_use]
    pub fn native(&self) -> Option<NativeHistogram<'a>> {
        self.native
    }
}

/// The native form of a histogram: exponential buckets, of which those are listed that hold something.
///
/// Source: Prometheus, "Native histograms", "Data model".
#[derive(Debug, Clone, Copy)]
pub struct NativeHistogram<'a>(&'a NativeReading);

impl<'a> NativeHistogram<'a> {
    /// The resolution, -4 to 8: there are 2^schema buckets for each doubling.
    #[must_use]
    pub fn schema(&self) -> i32 {
        self.0.schema
    }

    /// Observations from minus to plus this are in the zero bucket.
    #[must_use]
    pub fn zero_threshold(&self) -> f64 {
        self.0.zero_threshold
    }

    /// Observations in the zero bucket.
    #[must_use]
    pub fn zero_count(&self) -> u64 {
        self.0.zero_count
    }

    /// Index and count of each bucket that holds something, by rising index; `index` holds
    /// `(base^(index-1), base^index]`, where `base` is `2^(2^-schema)`. The one behind that of the largest double holds
    /// infinities.
    #[must_use]
    pub fn positive(&self) -> &'a [(i32, u64)] {
        &self.0.positive
    }

    /// The same of negative observations, mirrored.
    #[must_use]
    pub fn negative(&self) -> &'a [(i32, u64)] {
        &self.0.negative
    }

    /// How many observations there were, those included that were not a number and are in no bucket.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count
    }

    /// The sum of the observations; NaN once one was not a number.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum
    }
}

/// Quantiles that a client has computed.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    quantiles: &'a [(f64, f64)],
    sum: f64,
    count: u64,
}

impl<'a> Summary<'a> {
    #[cfg(feature = "prometheus")]
    pub(super) fn new(quantiles: &'a [(f64, f64)], sum: f64, count: u64) -> Self {
        Self {
            quantiles,
            sum,
            count,
        }
    }

    /// Each quantile and its value, as the collector lists them.
    #[must_use]
    pub fn quantiles(&self) -> &'a [(f64, f64)] {
        self.quantiles
    }

    /// The sum of the observations.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// How many observations there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }
}
