//! An exposition that was read back.

use std::fmt;

use crate::Kind;

/// An exposition that was read back.
///
/// Made by [`parse`](Self::parse) from text format 0.0.4 and by [`parse_openmetrics`](Self::parse_openmetrics), which
/// accept nothing that a strict consumer would refuse.
///
/// ```
/// use omtx_metrics::testing::Exposition;
///
/// let exposition = Exposition::parse("\
/// ## HELP jobs_total Jobs by outcome.
/// ## TYPE jobs_total counter
/// jobs_total{outcome=\"ok\"} 3
/// jobs_total{outcome=\"error\"} 1
/// ").unwrap();
///
/// assert_eq!(exposition.read("jobs_total", &[("outcome", "ok")]), Some(3.0));
/// assert_eq!(exposition.read("jobs_total", &[]), None);
/// assert_eq!(exposition.samples().map(|sample| sample.value).sum::<f64>(), 4.0);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exposition {
    pub(super) families: Vec<ParsedFamily>,
}

/// One family of an [`Exposition`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ParsedFamily {
    /// The name behind `# TYPE`; that of its only sample where there is no metadata. In OpenMetrics, a counter's has no
    /// `_total` and an info's no `_info`.
    pub name: String,
    /// The HELP text, unescaped; `None` if there was none.
    pub help: Option<String>,
    /// What `# TYPE` says; [`Kind::Unknown`] for `untyped` and where there was none. Infos and state sets are gauges
    /// in text 0.0.4.
    pub kind: Kind,
    /// What `# UNIT` says; `None` if it says nothing, as always in text 0.0.4.
    pub unit: Option<String>,
    /// The samples in the order of the text.
    pub samples: Vec<Sample>,
}

/// One line of an [`Exposition`] that carries a value.
///
/// Its `Display` is the line, with the labels sorted:
///
/// ```
/// use omtx_metrics::testing::Exposition;
///
/// let exposition = Exposition::parse("up{job=\"hub\",instance=\"a\\\\b\"} 1 1700000000000\n").unwrap();
/// let sample = exposition.samples().next().unwrap();
/// assert_eq!(sample.labels[0], ("instance".to_owned(), r"a\b".to_owned()));
/// assert_eq!(sample.to_string(), r#"up{instance="a\\b",job="hub"} 1 1700000000000"#);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// The name, with `_bucket`, `_sum` or `_count` where it has one.
    pub name: String,
    /// The labels, unescaped, sorted by name.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
    /// The timestamp in milliseconds since the Unix epoch, where there is one.
    pub timestamp_ms: Option<i64>,
    /// The exemplar, where there is one; never in text 0.0.4.
    pub exemplar: Option<Exemplar>,
}

/// One observation that stands for others of its bucket, or one increment of a counter.
///
/// ```
/// use omtx_metrics::testing::Exposition;
///
/// let exposition = Exposition::parse_openmetrics("\
/// ## TYPE jobs counter
/// jobs_total 3 # {trace_id=\"0af7\"} 1.0 1700000000.5
/// ## EOF
/// ").unwrap();
/// let exemplar = exposition.samples().next().unwrap().exemplar.clone().unwrap();
/// assert_eq!(exemplar.labels, [("trace_id".to_owned(), "0af7".to_owned())]);
/// assert_eq!((exemplar.value, exemplar.timestamp_ms), (1.0, Some(1_700_000_000_500)));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exemplar {
    /// The labels, unescaped, sorted by name.
    pub labels: Vec<(String, String)>,
    /// What was observed.
    pub value: f64,
    /// When, in milliseconds since the Unix epoch.
    pub timestamp_ms: Option<i64>,
}

impl Exposition {
    /// The families in the order of the text.
    pub fn families(&self) -> impl Iterator<Item = &ParsedFamily> {
        self.families.iter()
    }

    /// The family of this name.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&ParsedFamily> {
        self.families.iter().find(|family| family.name == name)
    }

    /// All samples in the order of the text.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.families.iter().flat_map(|family| &family.samples)
    }

    /// The value of the sample with this name and exactly these labels, in any order; `None` if there is none.
    #[must_use]
    pub fn read(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let found = self.samples().find(|sample| sample.is(name, labels));
        found.map(|sample| sample.value)
    }
}

impl Sample {
    /// The value of a label; `None` if the sample does not have it.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map(|(_, value)| &**value)
    }

    fn is(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.name == name
            && self.labels.len() == labels.len()
            && labels
                .iter()
                .all(|(label, value)| self.label(label) == Some(value))
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_series(f, &self.name, &self.labels)?;
        write!(f, " {}", number(self.value))?;
        match self.timestamp_ms {
            Some(timestamp) => write!(f, " {timestamp}"),
            None => Ok(()),
        }
    }
}

/// `name{label="value"}`.
pub(super) fn write_series(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    labels: &[(String, String)],
) -> fmt::Result {
    f.write_str(name)?;
    for (index, (label, value)) in labels.iter().enumerate() {
        let mut escaped = Vec::new();
        crate::label::escape_value(value, &mut escaped);
        let open = if index == 0 { '{' } else { ',' };
        write!(f, "{open}{label}=\"{}\"", String::from_utf8_lossy(&escaped))?;
    }
    if labels.is_empty() {
        return Ok(());
    }
    f.write_str("}")
}

/// A value as an exposition writes it.
pub(super) fn number(value: f64) -> String {
    let mut text = Vec::new();
    crate::encode::number::write_f64(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
