//! Text format 0.0.4, read strictly.
//!
//! Source: Prometheus documentation, "Exposition formats", "Text-based format"; where that leaves room, what
//! Prometheus' own `expfmt.TextParser` refuses is refused.

use std::collections::HashSet;
use std::fmt;

use super::exposition::{Exposition, ParsedFamily, Sample};
use super::histogram::{self, Rules};
use super::line::Line;
use crate::Kind;

/// Why a text is no exposition: the line, what stood there, and what was expected.
///
/// ```
/// use omtx_metrics::testing::Exposition;
///
/// let error = Exposition::parse("a_total 1\nb-total 2\n").unwrap_err();
/// assert_eq!(error.line(), 2);
/// assert_eq!(
///     error.to_string(),
///     r#"line 2: found "b-total 2"; expected a metric name, [a-zA-Z_:][a-zA-Z0-9_:]*"#,
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    line: usize,
    found: String,
    expected: String,
}

impl ParseError {
    /// What an error quotes of a line, in characters; a label value may be long.
    const QUOTED: usize = 120;

    pub(super) fn new(line: usize, found: &str, expected: impl Into<String>) -> Self {
        let mut quoted: String = found.chars().take(Self::QUOTED).collect();
        if quoted.len() < found.len() {
            quoted.push('…');
        }
        Self {
            line,
            found: quoted,
            expected: expected.into(),
        }
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// What stood there, from the first character that did not fit; cut after 120 characters.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What was expected instead.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            found,
            expected,
        } = self;
        write!(f, "line {line}: found \"{found}\"; expected {expected}")
    }
}

impl std::error::Error for ParseError {}

impl Exposition {
    /// Reads an exposition in text format 0.0.4.
    ///
    /// Stricter than Prometheus' scraper, which stores what it can: this is for tests, where every deviation is a bug.
    ///
    /// # Errors
    ///
    /// At the first line that is malformed or breaks a rule: HELP and TYPE come once each and before the samples, the
    /// samples of a family stand together and have its name, no series comes twice, counters are not negative, buckets
    /// are cumulative and end with `+Inf`, which equals `_count`, and no family has the name of a histogram's sample.
    ///
    /// ```
    /// use omtx_metrics::testing::Exposition;
    ///
    /// let error = Exposition::parse("\
    /// ## TYPE wait_seconds histogram
    /// wait_seconds_bucket{le=\"1\"} 2
    /// wait_seconds_bucket{le=\"+Inf\"} 1
    /// ").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"line 3: found "wait_seconds_bucket{le="+Inf"} 1"; expected a bucket of at least 2, since buckets are cumulative"#,
    /// );
    /// ```
    pub fn parse(text: &str) -> Result<Self, ParseError> {
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
    /// Whether the last family had its TYPE.
    typed: bool,
    /// Where each sample of the last family stood, for what is checked when the family is complete.
    lines: Vec<usize>,
    names: HashSet<String>,
    series: HashSet<(String, Vec<(String, String)>)>,
}

impl Parser {
    fn error(&self, found: &str, expected: impl Into<String>) -> ParseError {
        ParseError::new(self.number, found, expected)
    }

    fn line(&mut self, text: &str) -> Result<(), ParseError> {
        // Blanks at the end of a HELP text are the text's own.
        let trimmed = text.trim_start_matches([' ', '\t']);
        if trimmed.is_empty() {
            return Ok(());
        }
        let Some(comment) = trimmed.strip_prefix('#') else {
            return self.sample(trimmed);
        };
        let mut line = Line::new(self.number, comment);
        match line.word() {
            "HELP" => self.help(line, text),
            "TYPE" => self.kind(line, text),
            _ => Ok(()),
        }
    }

    fn help(&mut self, mut line: Line<'_>, text: &str) -> Result<(), ParseError> {
        let name = line.metric_name()?;
        self.metadata_of(name, text)?;
        // One blank separates the text from the name; more are the text's own.
        let rest = line.rest();
        let escaped = rest.strip_prefix([' ', '\t']).unwrap_or(rest);
        let help = unescape_help(escaped)
            .ok_or_else(|| self.error(escaped, r#"no escape but "\\" and "\n" in a HELP text"#))?;
        let family = self.families.last_mut().expect("metadata_of made one");
        if family.help.is_some() {
            let expected = format!("one HELP for \"{name}\"");
            return Err(self.error(text, expected));
        }
        family.help = Some(help);
        Ok(())
    }

    fn kind(&mut self, mut line: Line<'_>, text: &str) -> Result<(), ParseError> {
        let name = line.metric_name()?;
        self.metadata_of(name, text)?;
        line.skip_blanks();
        let kind = match line.rest().trim_end_matches([' ', '\t']) {
            "counter" => Kind::Counter,
            "gauge" => Kind::Gauge,
            "histogram" => Kind::Histogram,
            "summary" => Kind::Summary,
            "untyped" => Kind::Unknown,
            _ => return Err(line.error("counter, gauge, histogram, summary or untyped")),
        };
        if std::mem::replace(&mut self.typed, true) {
            let expected = format!("one TYPE for \"{name}\"");
            return Err(self.error(text, expected));
        }
        self.families.last_mut().expect("metadata_of made one").kind = kind;
        self.check_derived(name, kind, text)
    }

    /// Makes `name` the last family, unless it is.
    fn metadata_of(&mut self, name: &str, text: &str) -> Result<(), ParseError> {
        match self.families.last() {
            Some(last) if last.name == name => {
                if last.samples.is_empty() {
                    return Ok(());
                }
                let expected = format!("HELP and TYPE of \"{name}\" before its samples");
                Err(self.error(text, expected))
            }
            _ => self.begin(name, text),
        }
    }

    fn begin(&mut self, name: &str, text: &str) -> Result<(), ParseError> {
        self.complete()?;
        if !self.names.insert(name.to_owned()) {
            return Err(self.error(text, format!("all lines of \"{name}\" together")));
        }
        for suffix in histogram::SUFFIXES {
            let owner = name.strip_suffix(suffix).and_then(|base| {
                let named = |family: &&ParsedFamily| family.name == base;
                self.families.iter().find(named)
            });
            if let Some(owner) = owner.filter(|owner| histogram::derives(owner.kind, suffix)) {
                let expected = format!(
                    "a name that is no sample of the {} \"{}\"",
                    owner.kind.as_text(),
                    owner.name
                );
                return Err(self.error(text, expected));
            }
        }
        self.typed = false;
        self.families.push(ParsedFamily {
            name: name.to_owned(),
            help: None,
            kind: Kind::Unknown,
            unit: None,
            samples: Vec::new(),
        });
        Ok(())
    }

    /// A family that is there already must not have the name of one of this family's samples.
    fn check_derived(&self, name: &str, kind: Kind, text: &str) -> Result<(), ParseError> {
        for suffix in histogram::SUFFIXES {
            let derived = format!("{name}{suffix}");
            if histogram::derives(kind, suffix) && self.names.contains(&derived) {
                return Err(self.error(
                    text,
                    format!(
                        "a name whose samples do not collide with the family \"{derived}\" above"
                    ),
                ));
            }
        }
        Ok(())
    }

    fn sample(&mut self, text: &str) -> Result<(), ParseError> {
        let sample = Line::new(self.number, text).sample()?;
        if !self
            .families
            .last()
            .is_some_and(|family| belongs(&sample.name, family))
        {
            self.begin(&sample.name, text)?;
        }
        let family = self.families.last().expect("begin made one");
        check_shape(&sample, family).map_err(|expected| self.error(text, expected))?;
        if !self
            .series
            .insert((sample.name.clone(), sample.labels.clone()))
        {
            return Err(self.error(text, "every series once"));
        }
        self.lines.push(self.number);
        let family = self.families.last_mut().expect("begin made one");
        family.samples.push(sample);
        Ok(())
    }

    /// Checks what only shows once all samples of the last family are there.
    fn complete(&mut self) -> Result<(), ParseError> {
        let lines = std::mem::take(&mut self.lines);
        match self.families.last() {
            Some(family) if family.kind == Kind::Histogram => {
                histogram::check(&family.name, &family.samples, &lines, Rules::Text)
            }
            _ => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Exposition, ParseError> {
        self.complete()?;
        Ok(Exposition {
            families: self.families,
        })
    }
}

/// HELP escapes `\` and line feed; a quote needs none and has none.
fn unescape_help(escaped: &str) -> Option<String> {
    if escaped.replace(r"\\", "").contains("\\\"") {
        return None;
    }
    crate::label::unescape(escaped)
}

fn belongs(sample: &str, family: &ParsedFamily) -> bool {
    match sample.strip_prefix(&*family.name) {
        Some("") => true,
        Some(suffix) => histogram::derives(family.kind, suffix),
        None => false,
    }
}

/// What the kind of a family asks of each of its samples.
fn check_shape(sample: &Sample, family: &ParsedFamily) -> Result<(), String> {
    let plain = sample.name == family.name;
    let (name, value) = (&family.name, sample.value);
    match family.kind {
        Kind::Counter if value.is_nan() || value < 0.0 => {
            Err("a counter's value that is 0 or more".to_owned())
        }
        Kind::Histogram if plain => Err(format!(
            "\"{name}_bucket\", \"{name}_sum\" or \"{name}_count\""
        )),
        Kind::Summary if plain && sample.label("quantile").is_none() => {
            Err("a \"quantile\" label on a summary's sample".to_owned())
        }
        _ => Ok(()),
    }
}
