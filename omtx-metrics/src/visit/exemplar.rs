//! Exemplars, as a visitor sees them.

use std::time::SystemTime;

use super::Labels;
use crate::cell;

/// One observation that stands for others of its bucket, and the labels that lead to its trace.
#[derive(Debug, Clone, Copy)]
pub struct Exemplar<'a>(cell::Exemplar<'a>);

impl<'a> Exemplar<'a> {
    pub(super) fn new(exemplar: cell::Exemplar<'a>) -> Self {
        Self(exemplar)
    }

    /// `trace_id` and `span_id` in lower-case hex, or what the caller of
    /// [`observe_with_exemplar`](crate::Histogram::observe_with_exemplar) named.
    #[must_use]
    pub fn labels(&self) -> Labels<'a> {
        Labels::new("", self.0.labels)
    }

    /// What was observed, or added to the counter.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.value
    }

    /// When.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        self.0.at.time()
    }

    /// Which of the classic buckets the value lies in, from 0; 0 for a counter.
    #[must_use]
    pub fn bucket(&self) -> usize {
        self.0.bucket
    }
}
