//! What a collector says, and what of it can be exposed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::label::{bounded, write_pair};
use crate::{Kind, name};

/// The rows of one collector at one scrape.
///
/// Rows of one family belong together, whatever the order in which they come. What cannot be exposed is left out and
/// counted; see [`Collector`](crate::Collector).
#[derive(Debug, Default)]
pub struct Rows {
    families: Vec<Draft>,
    /// Where in `families` a name is.
    by_name: HashMap<String, usize>,
    /// Rows so far; above the limit once that was counted.
    rows: usize,
    errors: u64,
}

#[derive(Debug)]
struct Draft {
    name: String,
    help: String,
    kind: Kind,
    rows: Vec<ForeignRow>,
    seen: HashSet<Box<str>>,
}

/// A family of a collector, checked.
#[derive(Debug, Clone)]
pub(crate) struct ForeignFamily {
    pub(crate) collector: Arc<str>,
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: Kind,
    pub(crate) rows: Vec<ForeignRow>,
}

#[derive(Debug, Clone)]
pub(crate) struct ForeignRow {
    /// Escaped pairs.
    pub(crate) labels: Box<str>,
    pub(crate) value: ForeignValue,
    pub(crate) timestamp_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ForeignValue {
    Number(f64),
    /// Nothing that could be read; the row is left out and counted.
    #[cfg(feature = "prometheus")]
    Missing,
    #[cfg(feature = "prometheus")]
    Histogram {
        /// Finite upper bounds and cumulative counts.
        buckets: Vec<(f64, u64)>,
        sum: f64,
        count: u64,
    },
    #[cfg(feature = "prometheus")]
    Summary {
        quantiles: Vec<(f64, f64)>,
        sum: f64,
        count: u64,
    },
}

impl Rows {
    /// Rows that one collector may have at one scrape: 100 000, in as many families.
    pub const MAX: usize = 100_000;

    /// A family of gauges.
    pub fn gauge(&mut self, name: &str, help: &str) -> Row<'_> {
        self.family(name, help, Kind::Gauge)
    }

    /// A family of counters. The name must end in `_total`, and no value may be negative or NaN.
    pub fn counter(&mut self, name: &str, help: &str) -> Row<'_> {
        if name::suffix_fits(name, Kind::Counter) {
            return self.family(name, help, Kind::Counter);
        }
        self.errors += 1;
        Row {
            rows: self,
            index: None,
        }
    }

    /// A family about which nothing is promised.
    pub fn unknown(&mut self, name: &str, help: &str) -> Row<'_> {
        self.family(name, help, Kind::Unknown)
    }

    pub(crate) fn family(&mut self, name: &str, help: &str, kind: Kind) -> Row<'_> {
        // A bridge passes on what others named; only what would break the exposition is refused.
        let legal = name::is_exposable_name(name);
        let known = self.by_name.get(name).copied();
        let index = match known {
            _ if !legal => None,
            None if self.is_full() => {
                return Row {
                    rows: self,
                    index: None,
                };
            }
            Some(index) if self.families[index].kind == kind => Some(index),
            Some(_) => None,
            None => {
                self.by_name.insert(name.to_owned(), self.families.len());
                self.families.push(Draft {
                    name: name.to_owned(),
                    help: help.to_owned(),
                    kind,
                    rows: Vec::new(),
                    seen: HashSet::new(),
                });
                Some(self.families.len() - 1)
            }
        };
        if index.is_none() {
            self.errors += 1;
        }
        Row { rows: self, index }
    }

    /// True if nothing more may be added; counts that once, however often it is asked.
    fn is_full(&mut self) -> bool {
        if self.rows < Self::MAX && self.families.len() <= Self::MAX {
            return false;
        }
        self.errors += u64::from(self.rows <= Self::MAX);
        self.rows = Self::MAX + 1;
        true
    }

    /// What can be exposed, and how much could not.
    pub(super) fn finish(self, collector: &Arc<str>) -> (Vec<ForeignFamily>, u64) {
        let families = self
            .families
            .into_iter()
            .filter(|family| !family.rows.is_empty());
        let families = families.map(|family| ForeignFamily {
            collector: Arc::clone(collector),
            name: family.name,
            help: family.help,
            kind: family.kind,
            rows: family.rows,
        });
        (families.collect(), self.errors)
    }
}

/// The family that rows are added to.
#[derive(Debug)]
pub struct Row<'a> {
    rows: &'a mut Rows,
    /// `None` if the family was refused.
    index: Option<usize>,
}

impl Row<'_> {
    /// Adds a row.
    pub fn row(self, labels: &[(&str, &str)], value: f64) -> Self {
        self.push(labels.iter().copied(), ForeignValue::Number(value), None)
    }

    pub(crate) fn push<'l>(
        self,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
        value: ForeignValue,
        timestamp_ms: Option<i64>,
    ) -> Self {
        let Some(index) = self.index else {
            return self;
        };
        if self.rows.is_full() {
            return self;
        }
        let family = &mut self.rows.families[index];
        let text = pairs(labels, family.kind).filter(|_| value.fits(family.kind));
        match text {
            Some(text) if family.seen.insert(text.clone()) => {
                self.rows.rows += 1;
                family.rows.push(ForeignRow {
                    labels: text,
                    value,
                    timestamp_ms,
                });
            }
            _ => self.rows.errors += 1,
        }
        self
    }
}

/// The labels as escaped pairs, sorted by name, so that the same set in another order is the same row; `None` if a name
/// is malformed, reserved or there twice.
fn pairs<'l>(labels: impl IntoIterator<Item = (&'l str, &'l str)>, kind: Kind) -> Option<Box<str>> {
    let mut labels: Vec<_> = labels.into_iter().collect();
    labels.sort_unstable();
    let mut text = Vec::new();
    for (index, (label, value)) in labels.iter().enumerate() {
        let reserved = match kind {
            Kind::Histogram => "le",
            Kind::Summary => "quantile",
            _ => "__name__",
        };
        let twice = index > 0 && labels[index - 1].0 == *label;
        if !name::is_metric_name(label) || *label == reserved || *label == "__name__" || twice {
            return None;
        }
        write_pair(label, bounded(value), &mut text);
    }
    String::from_utf8(text).ok().map(String::into_boxed_str)
}

impl ForeignValue {
    /// True if a family of this kind can have the value.
    fn fits(&self, kind: Kind) -> bool {
        match self {
            Self::Number(value) => match kind {
                Kind::Counter => *value >= 0.0,
                Kind::Histogram | Kind::Summary => false,
                _ => true,
            },
            #[cfg(feature = "prometheus")]
            Self::Missing => false,
            #[cfg(feature = "prometheus")]
            Self::Histogram { buckets, count, .. } => {
                let increasing = buckets
                    .windows(2)
                    .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
                let within = buckets.last().is_none_or(|(_, last)| last <= count);
                kind == Kind::Histogram
                    && increasing
                    && within
                    && buckets.iter().all(|(bound, _)| bound.is_finite())
            }
            #[cfg(feature = "prometheus")]
            Self::Summary { .. } => kind == Kind::Summary,
        }
    }
}
