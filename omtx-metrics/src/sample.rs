//! The seam between families and encoders: one call per series.

use crate::cell::{Exemplars, Metric, Reading, Scratch, Wants};
use crate::family::Spec;
use crate::time::Timestamp;

/// Takes the series of one family after another.
pub(crate) trait Sink {
    /// What the sink shows beyond plain values. Asked once per family.
    fn wants(&self) -> Wants {
        Wants::default()
    }

    /// A family begins. Not called for families without series.
    fn family(&mut self, spec: &Spec);

    /// One series of the family that began last. `labels` are escaped pairs, without constant labels.
    fn series(&mut self, spec: &Spec, labels: &str, sample: Sample<'_>);

    /// The family that began last is complete.
    fn family_end(&mut self, _: &Spec) {}
}

/// One series at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) reading: Reading<'a>,
    /// When the series began to count; `None` if the sink does not want it, or the kind counts nothing.
    pub(crate) created: Option<Timestamp>,
    /// Empty if the sink does not want them.
    pub(crate) exemplars: Exemplars<'a>,
}

/// Hands the series of one family to a [`Sink`].
#[doc(hidden)]
pub struct Samples<'a> {
    spec: &'a Spec,
    sink: &'a mut dyn Sink,
    wants: Wants,
    scratch: &'a mut Scratch,
    begun: bool,
}

impl<'a> Samples<'a> {
    pub(crate) fn new(spec: &'a Spec, sink: &'a mut dyn Sink, scratch: &'a mut Scratch) -> Self {
        Self {
            spec,
            wants: sink.wants(),
            sink,
            scratch,
            begun: false,
        }
    }

    #[inline]
    pub(crate) fn series<M: Metric>(&mut self, labels: &str, metric: &M) {
        if !self.begun {
            self.begun = true;
            self.sink.family(self.spec);
        }
        let Scratch { values, exemplars } = &mut *self.scratch;
        exemplars.clear();
        if self.wants.exemplars {
            metric.exemplars(exemplars);
        }
        let sample = Sample {
            reading: metric.read(self.wants, values),
            created: None,
            exemplars: exemplars.read(),
        };
        self.sink.series(self.spec, labels, sample);
    }

    /// To be called once, behind the last series.
    pub(crate) fn finish(self) {
        if self.begun {
            self.sink.family_end(self.spec);
        }
    }
}
