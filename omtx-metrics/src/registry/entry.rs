//! A registered family.

use std::sync::Arc;

use crate::cell::Scratch;
use crate::family::{Declared, Spec};
use crate::sample::{Samples, Sink};
use crate::set::MetricSet;

/// One registered family: what it is, and who has its series.
#[derive(Clone)]
pub(crate) struct Entry {
    spec: Arc<Spec>,
    owner: Arc<dyn Owner>,
    /// Which of the owner's families it is.
    index: usize,
    owner_name: &'static str,
}

/// Something that holds families: a metric set, or a family that belongs to none.
pub(super) trait Owner: Send + Sync {
    fn collect(&self, family: usize, samples: &mut Samples<'_>);
    fn dropped(&self, family: usize) -> Option<u64>;
}

impl<S: MetricSet> Owner for S {
    fn collect(&self, family: usize, samples: &mut Samples<'_>) {
        MetricSet::collect(self, family, samples);
    }

    fn dropped(&self, family: usize) -> Option<u64> {
        MetricSet::dropped(self, family)
    }
}

/// A family that belongs to no set.
pub(super) struct Single<D>(pub(super) Arc<D>);

impl<D: Declared> Owner for Single<D> {
    fn collect(&self, _: usize, samples: &mut Samples<'_>) {
        self.0.collect(samples);
    }

    fn dropped(&self, _: usize) -> Option<u64> {
        self.0.dropped()
    }
}

impl Entry {
    pub(super) fn new(
        spec: Arc<Spec>,
        owner: Arc<dyn Owner>,
        index: usize,
        owner_name: &'static str,
    ) -> Self {
        Self {
            spec,
            owner,
            index,
            owner_name,
        }
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The type that declared the family, for error messages.
    pub(super) fn owner(&self) -> &'static str {
        self.owner_name
    }

    pub(crate) fn collect(&self, sink: &mut dyn Sink, scratch: &mut Scratch) {
        let mut samples = Samples::new(&self.spec, sink, scratch);
        self.owner.collect(self.index, &mut samples);
        samples.finish();
    }

    /// Updates that went to an overflow series; `None` if the family has no open labels.
    pub(crate) fn dropped(&self) -> Option<u64> {
        self.owner.dropped(self.index)
    }
}
