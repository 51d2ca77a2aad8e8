//! One sample line, token by token.

use super::exposition::{Exemplar, Sample};
use super::parse::ParseError;
use crate::label::unescape;
use crate::name;

/// What is left of a line.
pub(super) struct Line<'a> {
    number: usize,
    rest: &'a str,
}

impl<'a> Line<'a> {
    pub(super) fn new(number: usize, text: &'a str) -> Self {
        Self { number, rest: text }
    }

    /// The error that `expected` does not stand here.
    pub(super) fn error(&self, expected: impl Into<String>) -> ParseError {
        ParseError::new(self.number, self.rest, expected)
    }

    /// Tokens are separated by any number of blanks and tabs.
    pub(super) fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Everything up to the next blank, or the end.
    pub(super) fn word(&mut self) -> &'a str {
        self.skip_blanks();
        self.take_until(|char| char == ' ' || char == '\t')
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    fn take_until(&mut self, is_end: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn eat(&mut self, char: char) -> bool {
        match self.rest.strip_prefix(char) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn metric_name(&mut self) -> Result<&'a str, ParseError> {
        self.skip_blanks();
        let at = self.rest;
        let name = self.take_until(|char| char == '{' || char == ' ' || char == '\t');
        if name::is_exposable_name(name) {
            Ok(name)
        } else {
            Err(ParseError::new(
                self.number,
                at,
                "a metric name, [a-zA-Z_:][a-zA-Z0-9_:]*",
            ))
        }
    }

    /// `name{label="value",…} value [timestamp]`.
    pub(super) fn sample(mut self) -> Result<Sample, ParseError> {
        let name = self.metric_name()?.to_owned();
        self.skip_blanks();
        let labels = if self.eat('{') {
            self.labels()?
        } else {
            Vec::new()
        };
        let value = self.value()?;
        let timestamp_ms = self.timestamp()?;
        Ok(Sample {
            name,
            labels,
            value,
            timestamp_ms,
            exemplar: None,
        })
    }

    /// `name{label="value",…} value [timestamp] [# {label="value",…} value [timestamp]]`, with one blank between each.
    pub(super) fn openmetrics_sample(mut self) -> Result<Sample, ParseError> {
        let name = self.metric_name()?.to_owned();
        let labels = self.tight_labels()?;
        let value = self.number_behind_blank()?.1;
        let timestamp_ms = self.seconds()?;
        let exemplar = if self.rest.is_empty() {
            None
        } else {
            self.expect(" # ", "a timestamp, an exemplar, or nothing")?;
            if !self.rest.starts_with('{') {
                return Err(self.error("an exemplar's labels, {…}"));
            }
            let exemplar = Exemplar {
                labels: self.tight_labels()?,
                value: self.number_behind_blank()?.1,
                timestamp_ms: self.seconds()?,
            };
            Some(exemplar)
        };
        if !self.rest.is_empty() {
            return Err(self.error("nothing behind a sample"));
        }
        Ok(Sample {
            name,
            labels,
            value,
            timestamp_ms,
            exemplar,
        })
    }

    fn expect(&mut self, text: &str, expected: &str) -> Result<(), ParseError> {
        self.rest = self
            .rest
            .strip_prefix(text)
            .ok_or_else(|| self.error(expected))?;
        Ok(())
    }

    /// Labels in braces, or none; no blank before, between or behind.
    fn tight_labels(&mut self) -> Result<Vec<(String, String)>, ParseError> {
        let at = self.rest;
        if !self.eat('{') {
            return Ok(Vec::new());
        }
        let labels = self.labels()?;
        let text = &at[..at.len() - self.rest.len()];
        // Blanks and a trailing comma are legal in text 0.0.4 only. What is in quotes does not matter here.
        let mut quoted = false;
        let mut escaped = false;
        let outside: String = text
            .chars()
            .filter(|&char| {
                let quote = char == '"' && !escaped;
                escaped = quoted && char == '\\' && !escaped;
                quoted ^= quote;
                !quoted
            })
            .collect();
        if outside.contains([' ', '\t']) || outside.contains(",}") {
            return Err(ParseError::new(
                self.number,
                at,
                "labels without blanks and without a comma at the end",
            ));
        }
        Ok(labels)
    }

    /// One blank and a number; also the text of it.
    fn number_behind_blank(&mut self) -> Result<(&'a str, f64), ParseError> {
        self.expect(" ", "one blank before a number")?;
        let at = self.rest;
        if at.starts_with([' ', '\t']) {
            return Err(self.error("one blank before a number"));
        }
        let value = self.value()?;
        Ok((&at[..at.len() - self.rest.len()], value))
    }

    /// A timestamp in seconds, if there is one, as milliseconds.
    fn seconds(&mut self) -> Result<Option<i64>, ParseError> {
        if self.rest.is_empty() || self.rest.starts_with(" #") {
            return Ok(None);
        }
        let at = self.rest;
        let (_, seconds) = self.number_behind_blank()?;
        if !seconds.is_finite() {
            return Err(ParseError::new(self.number, at, "a timestamp in seconds"));
        }
        #[allow(clippy::cast_possible_truncation)]
        let millis = (seconds * 1_000.0).round() as i64;
        Ok(Some(millis))
    }

    /// Everything behind `{`, up to and including `}`; a comma may stand before it.
    fn labels(&mut self) -> Result<Vec<(String, String)>, ParseError> {
        let mut labels: Vec<(String, String)> = Vec::new();
        loop {
            self.skip_blanks();
            if self.eat('}') {
                labels.sort_unstable();
                return Ok(labels);
            }
            let label = self.label_name()?;
            if labels.iter().any(|(other, _)| *other == label) {
                return Err(self.error(format!("label \"{label}\" once")));
            }
            let value = self.quoted()?;
            labels.push((label, value));
            self.skip_blanks();
            if !self.eat(',') && !self.rest.starts_with('}') {
                return Err(self.error("\",\" or \"}\" after a label"));
            }
        }
    }

    /// A label's name and the `=` behind it.
    fn label_name(&mut self) -> Result<String, ParseError> {
        let at = self.rest;
        let label = self.take_until(|char| char == '=' || char == ' ' || char == '\t');
        if !name::is_metric_name(label) {
            return Err(ParseError::new(
                self.number,
                at,
                "a label name, [a-zA-Z_][a-zA-Z0-9_]*, or \"}\"",
            ));
        }
        self.skip_blanks();
        if !self.eat('=') {
            return Err(self.error("\"=\" after a label name"));
        }
        Ok(label.to_owned())
    }

    fn quoted(&mut self) -> Result<String, ParseError> {
        self.skip_blanks();
        let at = self.rest;
        if !self.eat('"') {
            return Err(self.error("a label value in quotes"));
        }
        let mut escaped = false;
        let end = self.rest.find(|char| {
            let is_end = char == '"' && !escaped;
            escaped = char == '\\' && !escaped;
            is_end
        });
        let Some(end) = end else {
            return Err(ParseError::new(
                self.number,
                at,
                "a closing quote on the same line",
            ));
        };
        let value = unescape(&self.rest[..end]).ok_or_else(|| {
            ParseError::new(
                self.number,
                at,
                r#"no escape but "\\", "\n" and "\"" in a label value"#,
            )
        })?;
        self.rest = &self.rest[end + 1..];
        Ok(value)
    }

    fn value(&mut self) -> Result<f64, ParseError> {
        self.skip_blanks();
        let at = self.rest;
        let word = self.word();
        // Rust reads "inf", "infinity" and "nan" in any case; an exposition has one spelling each.
        let spelt = word.chars().any(|char| char.is_ascii_alphabetic());
        let number = match word {
            "NaN" => Some(f64::NAN),
            "+Inf" | "Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            _ if spelt && !word.contains(|char: char| char.is_ascii_digit()) => None,
            _ => word.parse().ok(),
        };
        number.ok_or_else(|| {
            ParseError::new(
                self.number,
                at,
                "a value: a number, \"NaN\", \"+Inf\" or \"-Inf\"",
            )
        })
    }

    fn timestamp(&mut self) -> Result<Option<i64>, ParseError> {
        self.skip_blanks();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let at = self.rest;
        let timestamp = self.word().parse().map_err(|_| {
            ParseError::new(self.number, at, "a timestamp in milliseconds, or nothing")
        })?;
        self.skip_blanks();
        if self.rest.is_empty() {
            Ok(Some(timestamp))
        } else {
            Err(self.error("nothing after the timestamp"))
        }
    }
}
