//! What every contender is given: the same labels, values and label sets, in the same order.

use crate::labels::{Method, Route, Status};
use omtx_metrics::LabelValue;
use std::sync::LazyLock;

/// The bounds of every histogram; the eleven that the client libraries have as their default.
pub(crate) const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Lines of one label set: a counter, eleven buckets, `+Inf`, sum and count.
pub(crate) const LINES: usize = 15;

/// One of the 4 × 8 × 5 combinations of closed labels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) method: Method,
    pub(crate) route: Route,
    pub(crate) status: Status,
}

const LENGTH: usize = 1024;

/// The `i`th choice of labels. In no order, so that neither the branch predictor nor the first cache line wins the row.
#[inline]
pub(crate) fn choice(i: usize) -> Choice {
    static CHOICES: LazyLock<Box<[Choice; LENGTH]>> = LazyLock::new(|| {
        let mut random = Random(1);
        Box::new(std::array::from_fn(|_| Choice {
            method: random.any(),
            route: random.any(),
            status: random.any(),
        }))
    });
    CHOICES[i % LENGTH]
}

/// The `i`th observation: seconds, spread over all buckets.
#[inline]
pub(crate) fn value(i: usize) -> f64 {
    static VALUES: LazyLock<Box<[f64; LENGTH]>> = LazyLock::new(|| {
        let mut random = Random(2);
        // From 1 ms to 20 s, evenly on a logarithmic scale, in whole microseconds.
        Box::new(std::array::from_fn(|_| {
            let exponent = random.below(10_000) as f64 / 10_000.0;
            (0.001 * 20_000_f64.powf(exponent) * 1e6).round() / 1e6
        }))
    });
    VALUES[i % LENGTH]
}

/// One label set of a scrape.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub(crate) method: Method,
    pub(crate) route: String,
    pub(crate) status: Status,
    /// What its counter is to show.
    pub(crate) count: u64,
    /// Where its observations start in the sequence of [`value`]s.
    pub(crate) first_value: usize,
}

/// Observations of each label set's histogram.
const OBSERVATIONS: usize = 20;

impl Set {
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        (self.first_value..self.first_value + OBSERVATIONS).map(value)
    }
}

/// This many different label sets: every method and status of as many routes as it takes.
pub(crate) fn sets(count: usize) -> Vec<Set> {
    let mut random = Random(3);
    let (methods, statuses) = (Method::VALUES.len(), Status::VALUES.len());
    (0..count)
        .map(|i| Set {
            method: Method::from_index(i % methods),
            status: Status::from_index(i / methods % statuses),
            route: format!("/api/v1/resources/{:03}", i / methods / statuses),
            count: 1 + random.below(1_000_000) as u64,
            first_value: i,
        })
        .collect()
}

/// Marsaglia's xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
    fn any<L: LabelValue>(&mut self) -> L {
        L::from_index(self.below(L::VALUES.len()))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

/// How many samples a text exposition has, to be sure that all contenders expose the same.
pub(crate) fn samples(text: &str) -> usize {
    let is_sample = |line: &&str| !line.starts_with('#') && !line.is_empty();
    text.lines().filter(is_sample).count()
}
