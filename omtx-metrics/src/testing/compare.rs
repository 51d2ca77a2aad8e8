//! Whether two expositions say the same.

use std::collections::BTreeMap;
use std::fmt;

use super::exposition::{Exposition, Sample, number, write_series};
use crate::Kind;

/// How two expositions differ; made by [`compare`].
///
/// Its `Display` has a line per difference: `-` for what only the left has, `+` for what only the right has, `~` for
/// what both have with different values.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// Samples that only the left exposition has.
    pub missing: Vec<Sample>,
    /// Samples that only the right exposition has.
    pub extra: Vec<Sample>,
    /// Samples that both have, with another value or timestamp: left, right.
    pub changed: Vec<(Sample, Sample)>,
    /// Families that both have, with another type: name, left, right.
    pub retyped: Vec<(String, Kind, Kind)>,
}

/// Compares what two expositions say: the samples and the types of the families, whatever their order.
///
/// Bounds are compared as numbers (`le="1"` is `le="1.0"`), and NaN equals NaN. HELP texts are not compared.
///
/// ```
/// use omtx_metrics::testing::{Exposition, compare};
///
/// let left = Exposition::parse("a 1\nb 2\nc{x=\"1\"} 3\n").unwrap();
/// let right = Exposition::parse("c{x=\"2\"} 3\na 1\nb 4\n").unwrap();
///
/// let differences = compare(&left, &right);
/// assert!(!differences.is_same());
/// assert_eq!(differences.to_string(), "\
/// - c{x=\"1\"} 3
/// + c{x=\"2\"} 3
/// ~ b 2 -> 4
/// ");
/// ```
#[must_use]
pub fn compare(left: &Exposition, right: &Exposition) -> Comparison {
    let mut comparison = Comparison::default();
    let left_samples = by_series(left);
    let mut right_samples = by_series(right);
    for (series, left) in left_samples {
        match right_samples.remove(&series) {
            None => comparison.missing.push(left.clone()),
            Some(right) if is_same(left, right) => {}
            Some(right) => comparison.changed.push((left.clone(), right.clone())),
        }
    }
    comparison
        .extra
        .extend(right_samples.into_values().cloned());
    for family in left.families() {
        if let Some(other) = right.family(&family.name).filter(|o| o.kind != family.kind) {
            comparison
                .retyped
                .push((family.name.clone(), family.kind, other.kind));
        }
    }
    comparison
}

/// Panics with the differences, unless the two expositions say the same; see [`compare`].
///
/// # Panics
///
/// If they differ.
///
/// ```
/// use omtx_metrics::testing::{Exposition, assert_same};
///
/// let exposition = Exposition::parse("a 1\nb 2\n").unwrap();
/// assert_same(&exposition, &Exposition::parse("b 2\na 1.0\n").unwrap());
/// ```
#[track_caller]
pub fn assert_same(left: &Exposition, right: &Exposition) {
    let comparison = compare(left, right);
    assert!(
        comparison.is_same(),
        "the expositions differ (- left only, + right only, ~ changed):\n{comparison}"
    );
}

impl Comparison {
    /// True if there is no difference.
    #[must_use]
    pub fn is_same(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sample in &self.missing {
            writeln!(f, "- {sample}")?;
        }
        for sample in &self.extra {
            writeln!(f, "+ {sample}")?;
        }
        for (left, right) in &self.changed {
            f.write_str("~ ")?;
            write_series(f, &left.name, &left.labels)?;
            writeln!(f, " {} -> {}", reading(left), reading(right))?;
        }
        for (name, left, right) in &self.retyped {
            writeln!(
                f,
                "~ # TYPE {name} {} -> {}",
                left.as_text(),
                right.as_text()
            )?;
        }
        Ok(())
    }
}

fn reading(sample: &Sample) -> String {
    match sample.timestamp_ms {
        Some(timestamp) => format!("{} {timestamp}", number(sample.value)),
        None => number(sample.value),
    }
}

fn is_same(left: &Sample, right: &Sample) -> bool {
    #[allow(clippy::float_cmp)] // a test that wants a tolerance rounds before it compares
    let same = left.value == right.value || (left.value.is_nan() && right.value.is_nan());
    same && left.timestamp_ms == right.timestamp_ms
}

/// A series' name and labels, bounds in one spelling.
pub(super) type SeriesKey = (String, Vec<(String, String)>);

pub(super) fn by_series(exposition: &Exposition) -> BTreeMap<SeriesKey, &Sample> {
    let keyed = exposition.samples().map(|sample| {
        let labels = sample.labels.iter().map(|(label, value)| {
            let value = match &**label {
                "le" | "quantile" => value
                    .parse()
                    .map_or_else(|_| value.clone(), |bound: f64| number(bound)),
                _ => value.clone(),
            };
            (label.clone(), value)
        });
        ((sample.name.clone(), labels.collect()), sample)
    });
    keyed.collect()
}
