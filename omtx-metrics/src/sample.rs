//! The seam between families and encoders: one call per series.

use crate::cell::{Metric, Reading};
use crate::family::Spec;

/// Takes the series of one family after another.
pub(crate) trait Sink {
    /// A family begins. Not called for families without series.
    fn family(&mut self, spec: &Spec);

    /// One series of the family that began last. `labels` are escaped pairs, without constant labels.
    fn series(&mut self, spec: &Spec, labels: &str, reading: Reading<'_>);
}

/// Hands the series of one family to a [`Sink`].
#[doc(hidden)]
pub struct Samples<'a> {
    spec: &'a Spec,
    sink: &'a mut dyn Sink,
    /// Reused for every histogram's buckets.
    buckets: &'a mut Vec<u64>,
    begun: bool,
}

impl<'a> Samples<'a> {
    pub(crate) fn new(spec: &'a Spec, sink: &'a mut dyn Sink, buckets: &'a mut Vec<u64>) -> Self {
        Self {
            spec,
            sink,
            buckets,
            begun: false,
        }
    }

    #[inline]
    pub(crate) fn series<M: Metric>(&mut self, labels: &str, metric: &M) {
        if !self.begun {
            self.begun = true;
            self.sink.family(self.spec);
        }
        let reading = metric.read(self.buckets);
        self.sink.series(self.spec, labels, reading);
    }
}
