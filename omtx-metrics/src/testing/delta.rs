//! What has moved between two scrapes.

use std::collections::BTreeSet;
use std::fmt;

use super::compare::compare;
use super::exposition::{Exposition, Sample, number, write_series};

/// What has moved between two expositions of the same service; made by [`delta`].
///
/// Its `Display` has a line per sample that moved: `~ name{labels} before -> after`, `+` for a sample that is new, `-`
/// for one that is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    moves: Vec<Move>,
    moved: BTreeSet<String>,
    unmoved: Vec<String>,
}

/// One sample that has moved.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Move {
    /// The sample's name, with `_bucket`, `_sum` or `_count` where it has one.
    pub name: String,
    /// Its labels, sorted by name.
    pub labels: Vec<(String, String)>,
    /// The value before; `None` if the sample is new.
    pub before: Option<f64>,
    /// The value after; `None` if the sample is gone.
    pub after: Option<f64>,
}

/// What has moved from `before` to `after`: samples that changed, that are new, and that are gone.
///
/// The test that a demo, a load test or a new handler really touches what it should:
///
/// ```
/// use omtx_metrics::testing::{Exposition, delta};
///
/// let before = Exposition::parse("jobs_total 1\nfailures_total 0\n").unwrap();
/// let after = Exposition::parse("jobs_total 3\nfailures_total 0\nqueue_depth 1\n").unwrap();
///
/// let delta = delta(&before, &after);
/// assert!(delta.has_moved("jobs_total"));
/// assert_eq!(delta.unmoved().collect::<Vec<_>>(), ["failures_total"]);
/// assert_eq!(delta.to_string(), "\
/// ~ jobs_total 1 -> 3
/// + queue_depth 1
/// ");
/// ```
#[must_use]
pub fn delta(before: &Exposition, after: &Exposition) -> Delta {
    let differences = compare(before, after);
    let gone = differences.missing.iter().map(|sample| Move {
        after: None,
        ..Move::new(sample, sample)
    });
    let new = differences.extra.iter().map(|sample| Move {
        before: None,
        ..Move::new(sample, sample)
    });
    let changed = differences.changed.iter();
    let changed = changed.map(|(before, after)| Move::new(before, after));
    let mut moves: Vec<Move> = gone.chain(new).chain(changed).collect();
    moves.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));

    let touched: BTreeSet<&str> = moves.iter().map(|moved| &*moved.name).collect();
    let moved: BTreeSet<String> = before
        .families()
        .chain(after.families())
        .filter(|family| {
            let mut samples = family.samples.iter();
            samples.any(|sample| touched.contains(&*sample.name))
        })
        .map(|family| family.name.clone())
        .collect();
    let unmoved = after.families().map(|family| family.name.clone());
    let unmoved = unmoved.filter(|name| !moved.contains(name)).collect();
    Delta {
        moves,
        moved,
        unmoved,
    }
}

impl Delta {
    /// The samples that have moved, sorted by name and labels.
    pub fn moves(&self) -> impl Iterator<Item = &Move> {
        self.moves.iter()
    }

    /// True if a sample of this family has changed, come or gone.
    #[must_use]
    pub fn has_moved(&self, family: &str) -> bool {
        self.moved.contains(family)
    }

    /// The families of which a sample has moved, sorted.
    pub fn moved(&self) -> impl Iterator<Item = &str> {
        self.moved.iter().map(|name| &**name)
    }

    /// The families of the later exposition of which no sample has moved, in its order.
    pub fn unmoved(&self) -> impl Iterator<Item = &str> {
        self.unmoved.iter().map(|name| &**name)
    }

    /// True if nothing has moved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty()
    }
}

impl Move {
    fn new(before: &Sample, after: &Sample) -> Self {
        Self {
            name: after.name.clone(),
            labels: after.labels.clone(),
            before: Some(before.value),
            after: Some(after.value),
        }
    }

    /// By how much the value went up; a sample that is new came from 0, one that is gone went there.
    #[must_use]
    pub fn by(&self) -> f64 {
        self.after.unwrap_or(0.0) - self.before.unwrap_or(0.0)
    }
}

impl fmt::Display for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.moves
            .iter()
            .try_for_each(|moved| writeln!(f, "{moved}"))
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, values) = match (self.before, self.after) {
            (Some(before), Some(after)) => {
                ('~', format!("{} -> {}", number(before), number(after)))
            }
            (None, Some(after)) => ('+', number(after)),
            (before, None) => ('-', number(before.unwrap_or(f64::NAN))),
        };
        write!(f, "{mark} ")?;
        write_series(f, &self.name, &self.labels)?;
        write!(f, " {values}")
    }
}
