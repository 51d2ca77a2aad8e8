//! The naming rules that `promtool check metrics` applies, for a catalogue or an exposition.
//!
//! Source: client_golang, `prometheus/testutil/promlint/validations`; Prometheus documentation, "Metric and label
//! naming".

use std::fmt;

use super::exposition::Exposition;
use crate::{Catalog, Kind};

/// A family that breaks a naming rule.
///
/// Its `Display` names the family and says what promlint says: `job_minutes: use base unit "seconds" instead of "minutes"`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The family's name.
    pub family: String,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// A naming rule; `Display` is promlint's sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The HELP text is missing or empty.
    NoHelp,
    /// A counter does not end in `_total`.
    CounterWithoutTotal,
    /// Something else than a counter ends in `_total`.
    TotalWithoutCounter,
    /// The name ends in a suffix that histograms and summaries use for their samples.
    ReservedSuffix(&'static str),
    /// A label that only histograms (`le`) or summaries (`quantile`) have.
    ReservedLabel(&'static str),
    /// The name holds a unit that is no base unit.
    NonBaseUnit {
        /// The unit as it stands in the name.
        unit: String,
        /// The unit to use instead.
        base: &'static str,
    },
    /// The name holds an abbreviated unit.
    AbbreviatedUnit(&'static str),
    /// The name holds the name of a type.
    TypeInName(&'static str),
    /// The name holds a `:`, which is kept for recording rules.
    Colon,
    /// The name is written in camelCase.
    CamelCase,
    /// A label is written in camelCase.
    CamelCaseLabel(String),
}

/// Lints every family of a catalogue: also those that have no series yet.
///
/// The problems come in the catalogue's order. Names that must stay as they are can be filtered by
/// [`Problem::family`].
///
/// ```
/// use omtx_metrics::testing::{Rule, lint};
/// use omtx_metrics::{IntGauge, MetricSet, Registry};
///
/// /// A crawler.
/// #[derive(MetricSet)]
/// struct Crawler {
///     /// Time since the last page.
///     last_page_age_ms: IntGauge,
/// }
///
/// let registry = Registry::new();
/// registry.register::<Crawler>()?;
/// let problems = lint(&registry.catalog());
/// assert_eq!(problems[0].rule, Rule::AbbreviatedUnit("ms"));
/// assert_eq!(
///     problems[0].to_string(),
///     "last_page_age_ms: metric names should not contain abbreviated units, such as \"ms\"",
/// );
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[must_use]
pub fn lint(catalog: &Catalog) -> Vec<Problem> {
    let families = catalog.families.iter();
    families
        .flat_map(|family| {
            check(&Linted {
                name: &family.name,
                help: &family.help,
                kind: family.kind,
                labels: family.labels.iter().map(|label| &*label.name).collect(),
            })
        })
        .collect()
}

/// Lints every family of an exposition; for services whose catalogue is not at hand.
///
/// ```
/// use omtx_metrics::testing::{Exposition, Rule, lint_text};
///
/// let exposition = Exposition::parse("# TYPE requests counter\nrequests 1\n").unwrap();
/// let rules: Vec<Rule> = lint_text(&exposition).into_iter().map(|problem| problem.rule).collect();
/// assert_eq!(rules, [Rule::NoHelp, Rule::CounterWithoutTotal]);
/// ```
#[must_use]
pub fn lint_text(exposition: &Exposition) -> Vec<Problem> {
    let families = exposition.families();
    families
        .flat_map(|family| {
            let samples = family.samples.iter();
            let mut labels: Vec<&str> = samples
                .flat_map(|sample| &sample.labels)
                .map(|(label, _)| &**label)
                // A histogram's own label, and a summary's.
                .filter(|label| match family.kind {
                    Kind::Histogram => *label != "le",
                    Kind::Summary => *label != "quantile",
                    _ => true,
                })
                .collect();
            labels.sort_unstable();
            labels.dedup();
            check(&Linted {
                name: &family.name,
                help: family.help.as_deref().unwrap_or_default(),
                kind: family.kind,
                labels,
            })
        })
        .collect()
}

struct Linted<'a> {
    name: &'a str,
    help: &'a str,
    kind: Kind,
    labels: Vec<&'a str>,
}

fn check(family: &Linted<'_>) -> Vec<Problem> {
    let mut rules = Vec::new();
    if family.help.trim().is_empty() {
        rules.push(Rule::NoHelp);
    }
    suffixes(family, &mut rules);
    if family.kind != Kind::Unknown {
        let reserved = ["le", "quantile"].into_iter();
        let found = reserved.filter(|label| family.labels.contains(label));
        rules.extend(found.map(Rule::ReservedLabel));
    }
    units(family, &mut rules);
    let words = || family.name.split('_').skip(1);
    let lower_words = || words().map(str::to_ascii_lowercase);
    let named = TYPES.iter().filter(|ty| lower_words().any(|w| w == **ty));
    rules.extend(named.map(|ty| Rule::TypeInName(ty)));
    let abbreviated = ABBREVIATIONS
        .iter()
        .filter(|unit| lower_words().any(|w| w == **unit));
    rules.extend(abbreviated.map(|unit| Rule::AbbreviatedUnit(unit)));
    if family.name.contains(':') {
        rules.push(Rule::Colon);
    }
    if is_camel_case(family.name) {
        rules.push(Rule::CamelCase);
    }
    let camels = family.labels.iter().filter(|label| is_camel_case(label));
    rules.extend(camels.map(|label| Rule::CamelCaseLabel((*label).to_owned())));
    let problem = |rule| Problem {
        family: family.name.to_owned(),
        rule,
    };
    rules.into_iter().map(problem).collect()
}

fn suffixes(family: &Linted<'_>, rules: &mut Vec<Rule>) {
    let Linted { name, kind, .. } = family;
    match (kind, name.ends_with("_total")) {
        (Kind::Counter, false) => rules.push(Rule::CounterWithoutTotal),
        (Kind::Counter | Kind::Unknown, _) | (_, false) => {}
        (_, true) => rules.push(Rule::TotalWithoutCounter),
    }
    let reserved: &[&str] = match kind {
        Kind::Histogram | Kind::Unknown => &[],
        Kind::Summary => &["_bucket"],
        _ => &["_bucket", "_count", "_sum"],
    };
    let found = reserved.iter().find(|suffix| name.ends_with(**suffix));
    rules.extend(found.map(|suffix| Rule::ReservedSuffix(suffix)));
}

fn units(family: &Linted<'_>, rules: &mut Vec<Rule>) {
    let lower = family.name.to_ascii_lowercase();
    // As promlint does: the first word that is a unit decides.
    let found = lower.split('_').find_map(|word| {
        let bare = PREFIXES
            .iter()
            .filter_map(|prefix| word.strip_prefix(prefix));
        std::iter::once(word)
            .chain(bare)
            .find_map(|bare| base_of(bare).map(|base| (word, base)))
    });
    if let Some((unit, base)) = found.filter(|(unit, base)| unit != base) {
        rules.push(Rule::NonBaseUnit {
            unit: unit.to_owned(),
            base,
        });
    }
}

const TYPES: [&str; 4] = ["counter", "gauge", "histogram", "summary"];

const ABBREVIATIONS: [&str; 14] = [
    "s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d",
];

const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega",
    "mebi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

/// The base unit of what `unit` measures; `None` if it is no unit.
fn base_of(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "seconds" | "minutes" | "hours" | "days" | "weeks" => "seconds",
        "bytes" | "bits" => "bytes",
        "celsius" | "fahrenheit" | "rankine" => "celsius",
        "kelvin" | "kelvins" => "kelvin",
        "meters" | "inches" | "yards" | "miles" => "meters",
        "metres" => "metres",
        "joules" | "calories" => "joules",
        "grams" | "pounds" | "ounces" => "grams",
        "amperes" => "amperes",
        "volts" => "volts",
        "moles" => "moles",
        _ => return None,
    })
}

fn is_camel_case(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes
        .windows(2)
        .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.family, self.rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHelp => f.write_str("no help text"),
            Self::CounterWithoutTotal => {
                f.write_str("counter metrics should have \"_total\" suffix")
            }
            Self::TotalWithoutCounter => {
                f.write_str("non-counter metrics should not have \"_total\" suffix")
            }
            Self::ReservedSuffix(suffix @ "_bucket") => {
                write!(
                    f,
                    "non-histogram metrics should not have \"{suffix}\" suffix"
                )
            }
            Self::ReservedSuffix(suffix) => write!(
                f,
                "non-histogram and non-summary metrics should not have \"{suffix}\" suffix"
            ),
            Self::ReservedLabel(label) => {
                let owner = if *label == "le" {
                    "histogram"
                } else {
                    "summary"
                };
                write!(f, "non-{owner} metrics should not have \"{label}\" label")
            }
            Self::NonBaseUnit { unit, base } => {
                write!(f, "use base unit \"{base}\" instead of \"{unit}\"")
            }
            Self::AbbreviatedUnit(unit) => write!(
                f,
                "metric names should not contain abbreviated units, such as \"{unit}\""
            ),
            Self::TypeInName(ty) => write!(f, "metric name should not include type '{ty}'"),
            Self::Colon => f.write_str("metric names should not contain ':'"),
            Self::CamelCase => {
                f.write_str("metric names should be written in 'snake_case' not 'camelCase'")
            }
            Self::CamelCaseLabel(label) => write!(
                f,
                "label names should be written in 'snake_case' not 'camelCase', as \"{label}\" is"
            ),
        }
    }
}
