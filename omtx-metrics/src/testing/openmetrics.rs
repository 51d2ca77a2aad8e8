//! OpenMetrics 1.0, read strictly.
//!
//! Source: OpenMetrics 1.0.0, <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use std::collections::{HashMap, HashSet};

use super::exposition::{Exposition, ParsedFamily, Sample};
use super::histogram::{self, Rules};
use super::line::Line;
use super::parse::ParseError;
use crate::Kind;
use crate::encode::number::write_canonical;
use crate::encode::openmetrics_type;

impl Exposition {
    /// Reads an exposition in OpenMetrics 1.0.
    ///
    /// Strict, as [`parse`](Self::parse) is.
    ///
    /// # Errors
    ///
    /// At the first line that is malformed or breaks a rule of the specification: TYPE, UNIT and HELP come in this order
    /// and before the samples, no name is two families' or a sample of another, a unit is the end of its family's name,
    /// counters are not negative and not NaN, numbers in `le` and `quantile` are canonical, the samples of a series stand
    /// together, exemplars are on counters and buckets only, have 128 characters at most and lie in their bucket, and
    /// `# EOF` is the last line.
    ///
    /// ```
    /// use omtx_metrics::testing::Exposition;
    ///
    /// let error = Exposition::parse_openmetrics("# TYPE jobs counter\njobs 1\n# EOF\n").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"line 2: found "jobs 1"; expected a sample of the counter "jobs", one of: jobs_total, jobs_created"#,
    /// );
    /// ```
    pub fn parse_openmetrics(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser::default();
        for (index, line) in text.split_inclusive('\n').enumerate() {
            parser.number = index + 1;
            let Some(line) = line.strip_suffix('\n') else {
                return Err(parser.error(line, "a line feed at the end of the last line"));
            };
            parser.line(line)?;
        }
        parser.finish()
    }
}

#[derive(Default)]
struct Parser {
    number: usize,
    families: Vec<ParsedFamily>,
    /// How far the metadata of the last family has come.
    metadata: Metadata,
    /// Where each sample of the last family stood.
    lines: Vec<usize>,
    /// Names of families and of their samples, with the line that took them.
    names: HashMap<String, usize>,
    series: HashSet<(String, Vec<(String, String)>)>,
    /// The series of the last family that are over, and the one that is not.
    groups: HashSet<Vec<(String, String)>>,
    group: Option<Vec<(String, String)>>,
    /// The bound of the bucket before.
    bucket: f64,
    over: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Metadata {
    #[default]
    None,
    Type,
    Unit,
    Help,
}

impl Parser {
    fn error(&self, found: &str, expected: impl Into<String>) -> ParseError {
        ParseError::new(self.number, found, expected)
    }

    fn line(&mut self, text: &str) -> Result<(), ParseError> {
        if self.over {
            return Err(self.error(text, "nothing behind \"# EOF\""));
        }
        if text == "# EOF" {
            self.over = true;
            return self.complete();
        }
        if !text.starts_with('#') {
            return self.sample(text);
        }
        let mut words = text.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("TYPE"), Some(name), Some(value)) => self.kind(name, value, text),
            (Some("#"), Some("UNIT"), Some(name), Some(value)) => self.unit(name, value, text),
            (Some("#"), Some("HELP"), Some(name), Some(value)) => self.help(name, value, text),
            _ => Err(self.error(text, "TYPE, UNIT or HELP of a family, or \"# EOF\"")),
        }
    }

    fn kind(&mut self, name: &str, value: &str, text: &str) -> Result<(), ParseError> {
        let kind = match value {
            "counter" => Kind::Counter,
            "gauge" => Kind::Gauge,
            "histogram" => Kind::Histogram,
            "info" => Kind::Info,
            "stateset" => Kind::StateSet,
            "summary" => Kind::Summary,
            "unknown" => Kind::Unknown,
            _ => {
                let expected = "counter, gauge, histogram, info, stateset, summary or unknown";
                return Err(self.error(text, expected));
            }
        };
        self.begin(name, kind, text)?;
        self.metadata = Metadata::Type;
        Ok(())
    }

    fn unit(&mut self, name: &str, unit: &str, text: &str) -> Result<(), ParseError> {
        self.metadata_of(name, Metadata::Unit, text)?;
        let family = self.families.last_mut().expect("metadata_of found it");
        let has_none = matches!(family.kind, Kind::Info | Kind::StateSet);
        let is_suffix = name
            .strip_suffix(unit)
            .is_some_and(|base| base.ends_with('_'));
        if has_none || unit.is_empty() || !is_suffix {
            return Err(self.error(text, "a unit that the name of the family ends in"));
        }
        family.unit = Some(unit.to_owned());
        Ok(())
    }

    fn help(&mut self, name: &str, escaped: &str, text: &str) -> Result<(), ParseError> {
        self.metadata_of(name, Metadata::Help, text)?;
        let bare_quote = escaped.replace(r"\\", "").replace("\\\"", "").contains('"');
        let help = crate::label::unescape(escaped).filter(|_| !bare_quote);
        let help = help.ok_or_else(|| {
            self.error(
                escaped,
                r#"no escape but "\\", "\n" and "\"" in a HELP text, and no other quote"#,
            )
        })?;
        let family = self.families.last_mut().expect("metadata_of found it");
        family.help = Some(help);
        Ok(())
    }

    /// Checks that this line may follow the one before.
    fn metadata_of(&mut self, name: &str, now: Metadata, text: &str) -> Result<(), ParseError> {
        let last = self.families.last();
        let fits = last.is_some_and(|last| last.name == name && last.samples.is_empty());
        if !fits || self.metadata >= now {
            let expected = "TYPE, UNIT and HELP of a family in this order, before its samples";
            return Err(self.error(text, expected));
        }
        self.metadata = now;
        Ok(())
    }

    fn begin(&mut self, name: &str, kind: Kind, text: &str) -> Result<(), ParseError> {
        self.complete()?;
        if !crate::name::is_exposable_name(name) {
            return Err(self.error(text, "a metric name, [a-zA-Z_:][a-zA-Z0-9_:]*"));
        }
        let samples = suffixes(kind).iter().filter(|suffix| !suffix.is_empty());
        for suffix in [""].iter().chain(samples) {
            let taken = self.names.insert(format!("{name}{suffix}"), self.number);
            if let Some(line) = taken {
                let expected = format!(
                    "a name whose samples are nobody else's: \"{name}{suffix}\" is taken by line {line}"
                );
                return Err(self.error(text, expected));
            }
        }
        self.families.push(ParsedFamily {
            name: name.to_owned(),
            help: None,
            kind,
            unit: None,
            samples: Vec::new(),
        });
        Ok(())
    }

    fn sample(&mut self, text: &str) -> Result<(), ParseError> {
        let sample = Line::new(self.number, text).openmetrics_sample()?;
        let family = self
            .families
            .last()
            .ok_or_else(|| self.error(text, "a TYPE before the first sample"))?;
        let suffix = sample.name.strip_prefix(&*family.name);
        let Some(suffix) = suffix.filter(|suffix| suffixes(family.kind).contains(suffix)) else {
            let all = suffixes(family.kind).iter();
            let all: Vec<String> = all
                .map(|suffix| format!("{}{suffix}", family.name))
                .collect();
            let (kind, name, all) = (openmetrics_type(family.kind), &family.name, all.join(", "));
            let expected = format!("a sample of the {kind} \"{name}\", one of: {all}");
            return Err(self.error(text, expected));
        };
        check_value(&sample, suffix, family).map_err(|expected| self.error(text, expected))?;
        let group = group(&sample, suffix, family);
        self.check_group(group, text)?;
        self.check_exemplar(&sample, suffix)
            .map_err(|expected| self.error(text, expected))?;
        if !self
            .series
            .insert((sample.name.clone(), sample.labels.clone()))
        {
            return Err(self.error(text, "every series once"));
        }
        self.lines.push(self.number);
        let family = self.families.last_mut().expect("there is one");
        family.samples.push(sample);
        Ok(())
    }

    /// The samples of one series stand together.
    fn check_group(&mut self, group: Vec<(String, String)>, text: &str) -> Result<(), ParseError> {
        if self.group.as_ref() == Some(&group) {
            return Ok(());
        }
        self.bucket = f64::NEG_INFINITY;
        self.groups.extend(self.group.take());
        if self.groups.contains(&group) {
            return Err(self.error(text, "the samples of a series together"));
        }
        self.group = Some(group);
        Ok(())
    }

    fn check_exemplar(&mut self, sample: &Sample, suffix: &str) -> Result<(), String> {
        let below = self.bucket;
        let bound = match suffix {
            "_bucket" => sample.label("le").map_or(f64::NAN, bound),
            _ => f64::INFINITY,
        };
        self.bucket = bound;
        let Some(exemplar) = &sample.exemplar else {
            return Ok(());
        };
        if !matches!(suffix, "_total" | "_bucket") {
            return Err("an exemplar on counters and buckets only".to_owned());
        }
        let parts = exemplar
            .labels
            .iter()
            .flat_map(|(name, value)| [name, value]);
        let chars: usize = parts.map(|part| part.chars().count()).sum();
        if chars > 128 {
            return Err(format!(
                "128 characters of labels in an exemplar at most, not {chars}"
            ));
        }
        // NaN lies in the last bucket, which has no bound.
        let inside = exemplar.value <= bound && exemplar.value > below;
        if suffix == "_bucket" && !inside && bound.is_finite() {
            return Err("an exemplar whose value lies in its bucket".to_owned());
        }
        Ok(())
    }

    /// Checks what only shows once all samples of the last family are there.
    fn complete(&mut self) -> Result<(), ParseError> {
        let lines = std::mem::take(&mut self.lines);
        self.groups.clear();
        self.group = None;
        match self.families.last() {
            Some(family) if family.kind == Kind::Histogram => {
                let (name, samples) = (&family.name, &family.samples);
                histogram::check(name, samples, &lines, Rules::OpenMetrics)
            }
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Exposition, ParseError> {
        if !self.over {
            return Err(self.error("", "\"# EOF\" at the end"));
        }
        Ok(Exposition {
            families: self.families,
        })
    }
}

/// What the samples of a family have behind its name.
fn suffixes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Counter => &["_total", "_created"],
        Kind::Histogram => &["_bucket", "_sum", "_count", "_created"],
        Kind::Summary => &["", "_sum", "_count", "_created"],
        Kind::Info => &["_info"],
        Kind::Gauge | Kind::StateSet | Kind::Unknown => &[""],
    }
}

/// The labels that the samples of one series have in common.
fn group(sample: &Sample, suffix: &str, family: &ParsedFamily) -> Vec<(String, String)> {
    let own = match (family.kind, suffix) {
        (Kind::Histogram, "_bucket") => "le",
        (Kind::Summary, "") => "quantile",
        (Kind::StateSet, _) => &family.name,
        _ => return sample.labels.clone(),
    };
    let labels = sample.labels.iter();
    labels.filter(|(label, _)| label != own).cloned().collect()
}

fn check_value(sample: &Sample, suffix: &str, family: &ParsedFamily) -> Result<(), String> {
    let value = sample.value;
    let counts = matches!(suffix, "_total" | "_bucket" | "_count" | "_sum");
    let legal = match (family.kind, suffix) {
        (Kind::Info, _) => value == 1.0,
        (Kind::StateSet, _) => {
            if sample.label(&family.name).is_none() {
                return Err(format!("a label \"{}\" that names the state", family.name));
            }
            value == 0.0 || value == 1.0
        }
        (Kind::Summary, "") => value.is_nan() || value >= 0.0,
        (_, "_bucket" | "_count") => value >= 0.0 && value.fract() == 0.0,
        (_, "_created") => value.is_finite(),
        _ if counts => value >= 0.0,
        _ => true,
    };
    if !legal {
        return Err("a value that the type allows".to_owned());
    }
    let number = match (family.kind, suffix) {
        (Kind::Histogram, "_bucket") => "le",
        (Kind::Summary, "") => "quantile",
        _ => return Ok(()),
    };
    let Some(text) = sample.label(number) else {
        return Err(format!("a label \"{number}\""));
    };
    let mut canonical = Vec::new();
    write_canonical(bound(text), &mut canonical);
    if text.as_bytes() != canonical {
        return Err(format!("a canonical number in \"{number}\""));
    }
    if number == "quantile" && !(0.0..=1.0).contains(&bound(text)) {
        return Err("a quantile between 0 and 1".to_owned());
    }
    Ok(())
}

fn bound(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        text => text.parse().unwrap_or(f64::NAN),
    }
}
