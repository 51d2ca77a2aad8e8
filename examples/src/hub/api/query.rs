//! The query of a submission.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use http::request::Parts;

use crate::hub::compute::align::Scoring;
use crate::hub::compute::{Analysis, kmer};
use crate::hub::jobs::Fault;
use crate::hub::problem::Problem;

/// More letters than a sequence has.
const MAX_ORF: usize = 1_000_000_000;

/// Small enough that no sum over 16 MiB of letters overflows.
const MAX_SCORE: i32 = 100;

/// What a client asks for.
#[derive(Debug, PartialEq)]
pub(super) struct Submit {
    pub(super) analysis: Analysis,
    pub(super) callback_url: Option<String>,
    pub(super) fault: Option<Fault>,
}

type Pairs = Vec<(String, String)>;

impl<S: Sync> FromRequestParts<S> for Submit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(Query::try_from_uri(&parts.uri))
    }
}

impl Submit {
    /// An unknown parameter is an error: a misspelt one must not pass unseen. So is one that comes twice.
    fn parse(query: Result<Query<Pairs>, QueryRejection>) -> Result<Self, Problem> {
        let Query(pairs) =
            query.map_err(|rejection| Problem::invalid_request(rejection.body_text()))?;
        let (mut k, mut min_orf, mut scoring) = (21, 90, Scoring::default());
        let (mut job_type, mut callback_url, mut fault) = (None, None, None);
        let mut seen = HashSet::new();
        for (name, value) in &pairs {
            let parameter = Parameter { name, value };
            if !seen.insert(name) {
                return Err(parameter.invalid("each parameter once"));
            }
            match name.as_str() {
                "job_type" => job_type = Some(parameter),
                "k" => k = parameter.within(1..=kmer::MAX_K)?,
                "min_orf" => min_orf = parameter.within(0..=MAX_ORF)?,
                "matching" => scoring.matching = parameter.within(1..=MAX_SCORE)?,
                "mismatch" => scoring.mismatch = parameter.within(0..=MAX_SCORE)?,
                "gap_open" => scoring.gap_open = parameter.within(0..=MAX_SCORE)?,
                "gap_extend" => scoring.gap_extend = parameter.within(0..=MAX_SCORE)?,
                "callback_url" => callback_url = Some(value.clone()),
                "fault" => fault = Some(parameter.fault()?),
                unknown => {
                    return Err(Problem::invalid_request(format!(
                        "unknown parameter {unknown:?}; expected job_type, k, min_orf, matching, mismatch, gap_open, \
                         gap_extend, callback_url or fault"
                    )));
                }
            }
        }
        let job_type = job_type
            .ok_or_else(|| Problem::invalid_request("no job_type; expected kmer, gc or align"))?;
        let analysis = match job_type.value {
            "kmer" => Analysis::Kmer { k },
            "gc" => Analysis::Gc { min_orf },
            "align" => Analysis::Align(scoring),
            _ => return Err(job_type.invalid("kmer, gc or align")),
        };
        Ok(Self {
            analysis,
            callback_url,
            fault,
        })
    }
}

#[derive(Clone, Copy)]
struct Parameter<'a> {
    name: &'a str,
    value: &'a str,
}

impl Parameter<'_> {
    fn within<T>(self, range: RangeInclusive<T>) -> Result<T, Problem>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let value = self.value.parse().ok().filter(|n| range.contains(n));
        value.ok_or_else(|| {
            let (first, last) = (range.start(), range.end());
            self.invalid(&format!("a whole number from {first} to {last}"))
        })
    }

    fn fault(self) -> Result<Fault, Problem> {
        match self.value {
            "panic" => Ok(Fault::Panic),
            "error" => Ok(Fault::Error),
            "hang" => Ok(Fault::Hang),
            _ => Err(self.invalid("panic, error or hang")),
        }
    }

    fn invalid(self, expected: &str) -> Problem {
        let Self { name, value } = self;
        Problem::invalid_request(format!("invalid {name} {value:?}; expected {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Submit, Problem> {
        let uri = format!("/api/v1/jobs?{query}").parse().unwrap();
        Submit::parse(Query::try_from_uri(&uri))
    }

    #[track_caller]
    fn check(query: &str, expected: &'static str) {
        assert_eq!(
            parse(query).unwrap_err(),
            Problem::invalid_request(expected)
        );
    }

    #[test]
    fn what_is_not_given_has_a_default() {
        let analysis = |query| parse(query).unwrap().analysis;
        assert_eq!(analysis("job_type=kmer"), Analysis::Kmer { k: 21 });
        assert_eq!(analysis("k=31&job_type=kmer"), Analysis::Kmer { k: 31 });
        assert_eq!(analysis("job_type=gc"), Analysis::Gc { min_orf: 90 });
        let scoring = Scoring {
            gap_open: 0,
            ..Scoring::default()
        };
        assert_eq!(
            analysis("job_type=align&gap_open=0"),
            Analysis::Align(scoring)
        );
        let submit = parse("job_type=gc&fault=hang&callback_url=http%3A%2F%2Fa%2F").unwrap();
        assert_eq!(submit.fault, Some(Fault::Hang));
        assert_eq!(submit.callback_url.as_deref(), Some("http://a/"));
    }

    #[test]
    fn an_error_names_the_parameter_the_value_and_the_expectation() {
        check("", "no job_type; expected kmer, gc or align");
        check(
            "job_type=fold",
            "invalid job_type \"fold\"; expected kmer, gc or align",
        );
        for (query, expected) in [
            (
                "job_type=kmer&k=99",
                "invalid k \"99\"; expected a whole number from 1 to 31",
            ),
            (
                "job_type=kmer&k=many",
                "invalid k \"many\"; expected a whole number from 1 to 31",
            ),
            (
                "job_type=kmer&k=",
                "invalid k \"\"; expected a whole number from 1 to 31",
            ),
            (
                "job_type=gc&min_orf=-1",
                "invalid min_orf \"-1\"; expected a whole number from 0 to 1000000000",
            ),
            (
                "job_type=align&matching=0",
                "invalid matching \"0\"; expected a whole number from 1 to 100",
            ),
            (
                "job_type=align&gap_open=9999999999",
                "invalid gap_open \"9999999999\"; expected a whole number from 0 to 100",
            ),
            (
                "job_type=gc&fault=fire",
                "invalid fault \"fire\"; expected panic, error or hang",
            ),
            (
                "job_type=kmer&k=3&k=4",
                "invalid k \"4\"; expected each parameter once",
            ),
            (
                "job_type=kmer&kk=%223",
                "unknown parameter \"kk\"; expected job_type, k, min_orf, matching, mismatch, gap_open, gap_extend, \
                 callback_url or fault",
            ),
        ] {
            check(query, expected);
        }
    }
}
