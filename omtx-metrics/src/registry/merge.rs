//! The order in which a scrape shows all families, and which of two that get in each other's way it shows.

use super::Entry;
use crate::Kind;
use crate::collector::{Collectors, ForeignFamily};
use crate::family::Spec;

/// One family of a scrape.
pub(super) enum Part<'a> {
    Own(&'a Entry),
    Library(&'a Entry),
    Foreign(&'a ForeignFamily),
}

impl Part<'_> {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Own(entry) | Self::Library(entry) => &entry.spec().name,
            Self::Foreign(family) => &family.name,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Own(entry) | Self::Library(entry) => entry.spec().kind,
            Self::Foreign(family) => family.kind,
        }
    }
}

/// All families of a scrape, each list sorted by name.
pub(super) struct Families<'a> {
    own: &'a [Entry],
    library: &'a [Entry],
    foreign: Vec<&'a ForeignFamily>,
}

impl<'a> Families<'a> {
    /// Where the library has a family of the same name as the application, the application's wins; where a collector has,
    /// ours; where two collectors have, the first. A collector's family that has the name of a sample of another (a
    /// histogram's `_count`, say) loses too. Each loss of a collector is counted against it.
    pub(super) fn new(
        own: &'a [Entry],
        library: &'a [Entry],
        foreign: &'a [ForeignFamily],
        collectors: &Collectors,
    ) -> Self {
        let mut families = Self {
            own,
            library,
            foreign: Vec::new(),
        };
        for family in foreign {
            // A histogram's name sorts before those of its samples, so that it has won or lost already.
            let name = &*family.name;
            if families.has([name, ""], |_| true) || families.has_sample(name) {
                collectors.count_error(&family.collector);
            } else {
                families.foreign.push(family);
            }
        }
        families
    }

    /// Shows `visit` every family, by name.
    pub(super) fn visit(&self, mut visit: impl FnMut(Part<'_>)) {
        let mut own = self.own.iter().peekable();
        let mut library = self.library.iter().peekable();
        let mut foreign = self.foreign.iter().peekable();
        loop {
            let names = [
                own.peek().map(|entry| &*entry.spec().name),
                library.peek().map(|entry| &*entry.spec().name),
                foreign.peek().map(|family| &*family.name),
            ];
            let Some(&next) = names.iter().flatten().min() else {
                return;
            };
            let of_own = own.next_if(|entry| *entry.spec().name == *next);
            let of_library = library.next_if(|entry| *entry.spec().name == *next);
            match (of_own, of_library) {
                (Some(entry), _) => visit(Part::Own(entry)),
                (None, Some(entry)) => visit(Part::Library(entry)),
                (None, None) => foreign
                    .next()
                    .into_iter()
                    .for_each(|family| visit(Part::Foreign(family))),
            }
        }
    }

    /// True if what OpenMetrics calls this family, a counter without `_total` or an info without `_info`, is what another
    /// one is called, or one of its samples: `heap_bytes` beside `heap_bytes_total`.
    pub(super) fn is_base_name_taken(&self, part: &Part<'_>) -> bool {
        let (suffix, other) = match part.kind() {
            Kind::Counter => ("_total", "_info"),
            Kind::Info => ("_info", "_total"),
            _ => return false,
        };
        part.name().strip_suffix(suffix).is_some_and(|base| {
            let twin = |kind| matches!(kind, Kind::Counter | Kind::Info);
            self.has([base, ""], |_| true) || self.has([base, other], twin) || self.has_sample(base)
        })
    }

    /// True if there is a family of this name, which comes in two parts, and of such a kind. Allocates nothing.
    fn has(&self, [start, end]: [&str; 2], is_kind: impl Fn(Kind) -> bool) -> bool {
        let order = |name: &str| match name.as_bytes().split_at_checked(start.len()) {
            Some((head, tail)) => (head, tail).cmp(&(start.as_bytes(), end.as_bytes())),
            // Shorter than the first part alone, which it may begin like.
            None => name.cmp(start),
        };
        let ours = [self.own, self.library].into_iter().any(|entries| {
            let found = entries.binary_search_by(|entry| order(&entry.spec().name));
            found.is_ok_and(|at| is_kind(entries[at].spec().kind))
        });
        let theirs = self.foreign.binary_search_by(|family| order(&family.name));
        ours || theirs.is_ok_and(|at| is_kind(self.foreign[at].kind))
    }

    /// True if a family of another name has a sample called `name`: a strict parser would take the one for the other, and
    /// refuse the whole exposition.
    fn has_sample(&self, name: &str) -> bool {
        SAMPLES.iter().any(|&(suffix, kinds)| {
            name.strip_suffix(suffix).is_some_and(|base| {
                self.has([base, ""], |kind| kinds.contains(&kind))
                    || suffix == "_created"
                        && self.has([base, "_total"], |kind| kind == Kind::Counter)
            })
        })
    }
}

/// What the samples of a family have behind its name, where it is not the name alone.
const SAMPLES: [(&str, &[Kind]); 4] = [
    ("_bucket", &[Kind::Histogram]),
    ("_sum", &[Kind::Histogram, Kind::Summary]),
    ("_count", &[Kind::Histogram, Kind::Summary]),
    ("_created", &[Kind::Histogram, Kind::Summary]),
];

/// True if the two cannot be exposed together: they have the same name, be it only in OpenMetrics, or one has the name of
/// the other's sample.
pub(super) fn clash(a: &Spec, b: &Spec) -> bool {
    let is_sample = |name: &str, of: &Spec| {
        let suffix = name.strip_prefix(of.exposed_name());
        suffix.is_some_and(|suffix| match of.kind {
            Kind::Counter => suffix == "_created",
            kind => SAMPLES
                .iter()
                .any(|(sample, kinds)| *sample == suffix && kinds.contains(&kind)),
        })
    };
    // The full names can be equal where the exposed ones differ: a gauge may be called `x_total` too.
    a.exposed_name() == b.exposed_name()
        || a.name == b.name
        || is_sample(a.exposed_name(), b)
        || is_sample(b.exposed_name(), a)
}
