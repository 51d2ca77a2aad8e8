//! A registered family, and the order in which a scrape shows them all.

use std::sync::Arc;

use crate::collector::{Collectors, ForeignFamily};
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

    pub(crate) fn collect(&self, sink: &mut dyn Sink, buckets: &mut Vec<u64>) {
        self.owner
            .collect(self.index, &mut Samples::new(&self.spec, sink, buckets));
    }

    /// Updates that went to an overflow series; `None` if the family has no open labels.
    pub(crate) fn dropped(&self) -> Option<u64> {
        self.owner.dropped(self.index)
    }
}

/// One family of a scrape.
pub(crate) enum Part<'a> {
    Own(&'a Entry),
    Foreign(&'a ForeignFamily),
}

/// Shows `visit` all families by name. Where a collector has a family of the same name as ours, ours wins; where two
/// collectors have, the first; each loss is counted against the collector that lost.
pub(crate) fn merge(
    own: &[Entry],
    library: &[Entry],
    mut foreign: Vec<ForeignFamily>,
    collectors: &Collectors,
    mut visit: impl FnMut(Part<'_>),
) {
    foreign.sort_by(|a, b| a.name.cmp(&b.name));
    let mut own = own.iter().peekable();
    let mut library = library.iter().peekable();
    let mut foreign = foreign.iter().peekable();
    loop {
        let names = [
            own.peek().map(|entry| &*entry.spec.name),
            library.peek().map(|entry| &*entry.spec.name),
            foreign.peek().map(|family| &*family.name),
        ];
        let Some(next) = names.iter().flatten().min() else {
            return;
        };
        let next = *next;
        let ours = names[0] == Some(next) || names[1] == Some(next);
        if names[0] == Some(next) {
            own.next().into_iter().for_each(|entry| visit(Part::Own(entry)));
        }
        if names[1] == Some(next) {
            library.next().into_iter().for_each(|entry| visit(Part::Own(entry)));
        }
        let mut shown = ours;
        while let Some(family) = foreign.next_if(|family| *family.name == *next) {
            if shown {
                collectors.count_error(&family.collector);
            } else {
                visit(Part::Foreign(family));
            }
            shown = true;
        }
    }
}
