//! From the seam of the encoders to a visitor.

use super::{Family, Series, Visitor};
use crate::cell::{Scratch, Wants};
use crate::collector::ForeignFamily;
use crate::family::Spec;
use crate::registry::Entry;
use crate::sample::{Sample, Sink};

/// Shows one of our families.
pub(crate) fn own(
    entry: &Entry,
    is_library: bool,
    visitor: &mut dyn Visitor,
    scratch: &mut Scratch,
) {
    let family = Family::own(entry.spec(), is_library);
    if let Some(wants) = visitor.wants(&family) {
        let mut shown = Shown {
            visitor,
            wants,
            is_library,
        };
        entry.collect(&mut shown, scratch);
    }
}

/// Shows a family of a collector.
pub(crate) fn foreign(family: &ForeignFamily, visitor: &mut dyn Visitor) {
    let shown = Family::foreign(family);
    if visitor.wants(&shown).is_none() {
        return;
    }
    visitor.family(&shown);
    for series in family.rows.iter().filter_map(Series::foreign) {
        visitor.series(&shown, &series);
    }
    visitor.family_end(&shown);
}

/// Passes on the series of one family.
struct Shown<'a> {
    visitor: &'a mut dyn Visitor,
    wants: Wants,
    is_library: bool,
}

impl Sink for Shown<'_> {
    fn wants(&self) -> Wants {
        self.wants
    }

    fn family(&mut self, spec: &Spec) {
        self.visitor.family(&Family::own(spec, self.is_library));
    }

    fn series(&mut self, spec: &Spec, labels: &str, sample: Sample<'_>) {
        let series = Series::own(spec, labels, sample);
        self.visitor
            .series(&Family::own(spec, self.is_library), &series);
    }

    fn family_end(&mut self, spec: &Spec) {
        self.visitor.family_end(&Family::own(spec, self.is_library));
    }
}
