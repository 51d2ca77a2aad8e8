//! A registered family, and the order in which a scrape shows them all.

use std::sync::Arc;

use crate::Kind;
use crate::cell::Scratch;
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

    pub(crate) fn collect(&self, sink: &mut dyn Sink, scratch: &mut Scratch) {
        self.owner
            .collect(self.index, &mut Samples::new(&self.spec, sink, scratch));
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

/// Shows `visit` all families by name. Where the library has a family of the same name as the application, the
/// application's wins; where a collector has, ours; where two collectors have, the first. A collector's family that has
/// the name of a histogram's sample loses too. Each loss of a collector is counted against it.
///
/// All three are sorted by name.
pub(crate) fn merge(
    own: &[Entry],
    library: &[Entry],
    foreign: &[ForeignFamily],
    collectors: &Collectors,
    mut visit: impl FnMut(Part<'_>),
) {
    let foreign = winners(own, library, foreign, collectors);
    let mut own = own.iter().peekable();
    let mut library = library.iter().peekable();
    let mut foreign = foreign.into_iter().peekable();
    loop {
        let names = [
            own.peek().map(|entry| &*entry.spec.name),
            library.peek().map(|entry| &*entry.spec.name),
            foreign.peek().map(|family| &*family.name),
        ];
        let Some(&next) = names.iter().flatten().min() else {
            return;
        };
        let of_own = own.next_if(|entry| *entry.spec.name == *next);
        let of_library = library.next_if(|entry| *entry.spec.name == *next);
        match of_own.or(of_library) {
            Some(entry) => visit(Part::Own(entry)),
            None => foreign
                .next()
                .into_iter()
                .for_each(|family| visit(Part::Foreign(family))),
        }
    }
}

/// The collectors' families that are shown; the others are counted.
fn winners<'a>(
    own: &[Entry],
    library: &[Entry],
    foreign: &'a [ForeignFamily],
    collectors: &Collectors,
) -> Vec<&'a ForeignFamily> {
    let mut winners: Vec<&ForeignFamily> = Vec::new();
    for family in foreign {
        let name = &*family.name;
        let ours = [own, library].iter().any(|entries| {
            let by_name = |entry: &Entry| (*entry.spec.name).cmp(name);
            entries.binary_search_by(by_name).is_ok()
                || is_sample(name, entries, |entry| (&entry.spec.name, entry.spec.kind))
        });
        // A histogram's name sorts before those of its samples, so that it has won or lost already.
        let theirs = winners.last().is_some_and(|last| last.name == family.name)
            || is_sample(name, &winners, |family| (&family.name, family.kind));
        if ours || theirs {
            collectors.count_error(&family.collector);
        } else {
            winners.push(family);
        }
    }
    winners
}

/// True if one of `families`, which are sorted by name, is a histogram or a summary with a sample called `name`: a
/// strict parser would take the one for the other, and refuse the whole exposition.
fn is_sample<T>(name: &str, families: &[T], of: impl Fn(&T) -> (&str, Kind)) -> bool {
    let samples: [(&str, &[Kind]); 3] = [
        ("_bucket", &[Kind::Histogram]),
        ("_sum", &[Kind::Histogram, Kind::Summary]),
        ("_count", &[Kind::Histogram, Kind::Summary]),
    ];
    samples.iter().any(|(suffix, kinds)| {
        let base = name.strip_suffix(suffix);
        let found = base.and_then(|base| {
            families
                .binary_search_by(|family| of(family).0.cmp(base))
                .ok()
        });
        found.is_some_and(|index| kinds.contains(&of(&families[index]).1))
    })
}
