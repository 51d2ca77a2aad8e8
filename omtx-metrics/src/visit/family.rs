//! One family, as a visitor sees it.

use std::fmt;

use crate::Kind;
use crate::collector::ForeignFamily;
use crate::family::Spec;

/// A family: what all of its series have in common.
#[derive(Clone, Copy)]
pub struct Family<'a> {
    source: Source<'a>,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Own(&'a Spec, Origin<'a>),
    Foreign(&'a ForeignFamily),
}

/// Who has a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin<'a> {
    /// The registry: what the application, and the libraries that it shares the registry with, have registered.
    Registry,
    /// This library, about itself: `omtx_scrapes_total`, `omtx_collector_errors_total` and so on.
    Library,
    /// The [collector](crate::Collector) of this name.
    Collector(&'a str),
}

impl<'a> Family<'a> {
    pub(super) fn own(spec: &'a Spec, is_library: bool) -> Self {
        let origin = if is_library {
            Origin::Library
        } else {
            Origin::Registry
        };
        Self {
            source: Source::Own(spec, origin),
        }
    }

    pub(super) fn foreign(family: &'a ForeignFamily) -> Self {
        Self {
            source: Source::Foreign(family),
        }
    }

    /// The name with its namespace, as text format 0.0.4 has it: a counter's ends in `_total`, an info's in `_info`. A
    /// collector's counter is called as the collector calls it.
    #[must_use]
    pub fn name(&self) -> &'a str {
        match self.source {
            Source::Own(spec, _) => &spec.name,
            Source::Foreign(family) => &family.name,
        }
    }

    /// What the family measures.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.source {
            Source::Own(spec, _) => spec.kind,
            Source::Foreign(family) => family.kind,
        }
    }

    /// The base unit as a word (`"seconds"`, `"bytes"`…) or `""`, which a collector's family always has.
    #[must_use]
    pub fn unit(&self) -> &'a str {
        match self.source {
            Source::Own(spec, _) => &spec.unit,
            Source::Foreign(_) => "",
        }
    }

    /// The HELP text, without escapes. Empty only where a collector has none.
    #[must_use]
    pub fn help(&self) -> &'a str {
        match self.source {
            Source::Own(spec, _) => &spec.help,
            Source::Foreign(family) => &family.help,
        }
    }

    /// Who has it.
    #[must_use]
    pub fn origin(&self) -> Origin<'a> {
        match self.source {
            Source::Own(_, origin) => origin,
            Source::Foreign(family) => Origin::Collector(&family.collector),
        }
    }
}

impl fmt::Debug for Family<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("name", &self.name())
            .field("kind", &self.kind())
            .field("origin", &self.origin())
            .finish_non_exhaustive()
    }
}
