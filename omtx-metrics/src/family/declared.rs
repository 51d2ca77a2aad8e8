//! What a field of a metric set can be: a cell alone, or a family of cells.

use std::sync::Arc;

use super::{Family, Spec};
use crate::Kind;
use crate::cell::Metric;
use crate::desc::LabelDesc;
use crate::label::Labels;
use crate::sample::Samples;

/// A field of a [`MetricSet`](crate::MetricSet): a cell without labels, or a [`Family`] or a
/// [`Snapshot`](super::Snapshot) of cells.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a metric",
    label = "not a metric",
    note = "a field of a metric set is a cell (`Counter`, `Gauge`, `Histogram`, …) or a `Family<Labels, Cell>` or a `Snapshot<Labels, Cell>`"
)]
#[doc(hidden)]
pub trait Declared: Send + Sync + Sized + 'static {
    const KIND: Kind;
    const LABELS: &'static [LabelDesc];
    const CLOSED: usize;
    const OPEN: usize;
    const STATES: Option<&'static [&'static str]>;

    fn build(spec: Arc<Spec>) -> Self;

    fn collect(&self, samples: &mut Samples<'_>);

    /// Updates that went to an overflow series; `None` if there can be none.
    fn dropped(&self) -> Option<u64>;
}

impl<M: Metric> Declared for M {
    const KIND: Kind = M::KIND;
    const LABELS: &'static [LabelDesc] = &[];
    const CLOSED: usize = 1;
    const OPEN: usize = 0;
    const STATES: Option<&'static [&'static str]> = M::STATES;

    fn build(spec: Arc<Spec>) -> Self {
        crate::cell::new(&spec.cell)
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        samples.single(self);
    }

    fn dropped(&self) -> Option<u64> {
        None
    }
}

impl<L: Labels, M: Metric> Declared for Family<L, M> {
    const KIND: Kind = M::KIND;
    const LABELS: &'static [LabelDesc] = L::LABELS;
    const CLOSED: usize = L::CLOSED;
    const OPEN: usize = L::OPEN;
    const STATES: Option<&'static [&'static str]> = M::STATES;

    fn build(spec: Arc<Spec>) -> Self {
        Self::new(spec)
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        Self::collect(self, samples);
    }

    fn dropped(&self) -> Option<u64> {
        (L::OPEN > 0).then(|| Self::dropped(self))
    }
}
