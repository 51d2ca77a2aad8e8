//! What the samples of one histogram owe each other.

use std::collections::HashMap;

use super::exposition::{Sample, number};
use super::parse::ParseError;
use crate::Kind;

/// What a histogram's or a summary's samples add to the family's name.
pub(super) const SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// True if a family of this kind has samples whose name ends in `suffix`.
pub(super) fn derives(kind: Kind, suffix: &str) -> bool {
    match kind {
        Kind::Histogram => SUFFIXES.contains(&suffix),
        Kind::Summary => SUFFIXES[1..].contains(&suffix),
        _ => false,
    }
}

/// What the two text formats ask of `_sum` and `_count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// `_count` always; `_sum` may be missing, as it does where it is no counter.
    Text,
    /// Both or none, and no sum where a bound is negative.
    OpenMetrics,
}

/// One series of a histogram, as far as it was read.
#[derive(Default)]
struct Series {
    /// The bucket read last: its bound and its count.
    last: Option<(f64, f64)>,
    count: Option<(f64, usize)>,
    has_sum: bool,
    has_negative_bound: bool,
    line: usize,
}

/// Checks that the buckets increase, are cumulative, and end with `+Inf`, which equals `_count`.
pub(super) fn check(
    name: &str,
    samples: &[Sample],
    lines: &[usize],
    rules: Rules,
) -> Result<(), ParseError> {
    let mut all: HashMap<Vec<(String, String)>, Series> = HashMap::new();
    let mut order = Vec::new();
    for (sample, &line) in samples.iter().zip(lines) {
        let error = |expected: String| ParseError::new(line, &sample.to_string(), expected);
        let mut key = sample.labels.clone();
        key.retain(|(label, _)| label != "le");
        let series = all.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            Series::default()
        });
        series.line = line;
        match sample.name.strip_prefix(name) {
            Some("_bucket") => series.bucket(sample).map_err(error)?,
            Some("_count") => series.count = Some((sample.value, line)),
            Some("_sum") => series.has_sum = true,
            _ => {}
        }
    }
    order
        .iter()
        .map(|key| &all[key])
        .try_for_each(|series| series.finish(name, rules))
}

impl Series {
    fn bucket(&mut self, sample: &Sample) -> Result<(), String> {
        let bound = match sample.label("le") {
            Some("+Inf") => f64::INFINITY,
            le => le
                .and_then(|le| le.parse().ok())
                .filter(|bound: &f64| bound.is_finite())
                .ok_or("an \"le\" label that is a number or \"+Inf\"")?,
        };
        if let Some((last, count)) = self.last {
            if bound <= last {
                return Err(format!("a bound above {}", number(last)));
            }
            if sample.value < count {
                return Err(format!(
                    "a bucket of at least {}, since buckets are cumulative",
                    number(count)
                ));
            }
        }
        self.last = Some((bound, sample.value));
        self.has_negative_bound |= bound < 0.0;
        Ok(())
    }

    fn finish(&self, name: &str, rules: Rules) -> Result<(), ParseError> {
        let Some((_, all)) = self.last.filter(|(bound, _)| *bound == f64::INFINITY) else {
            return Err(ParseError::new(
                self.line,
                name,
                "a bucket with le=\"+Inf\" in every series of a histogram",
            ));
        };
        if rules == Rules::OpenMetrics {
            let error = |expected: String| Err(ParseError::new(self.line, name, expected));
            match (self.has_sum, self.count) {
                (true, _) if self.has_negative_bound => {
                    return error(format!(
                        "no \"{name}_sum\", since there are negative buckets"
                    ));
                }
                (true, Some(_)) => {}
                (false, None) => return Ok(()),
                (true, None) => return error(format!("a \"{name}_count\" beside \"{name}_sum\"")),
                (false, Some(_)) => {
                    return error(format!("a \"{name}_sum\" beside \"{name}_count\""));
                }
            }
        }
        match self.count {
            #[allow(clippy::float_cmp)] // the same integer, or a bug
            Some((count, _)) if count == all => Ok(()),
            Some((count, line)) => Err(ParseError::new(
                line,
                &format!("{name}_count {}", number(count)),
                format!("{}, the +Inf bucket", number(all)),
            )),
            None => Err(ParseError::new(
                self.line,
                name,
                format!("a sample \"{name}_count\" in every series of a histogram"),
            )),
        }
    }
}
