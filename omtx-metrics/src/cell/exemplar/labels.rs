//! What an exemplar says.

use omtx_context::{SpanId, TraceContext, TraceId};

use super::dropped::{self, DropReason};
use crate::label::write_pair;
use crate::name;

/// Unicode characters that the names and values of one exemplar's labels may have together: 128. OpenMetrics 1.0,
/// "Exemplars".
pub const MAX_EXEMPLAR_CHARS: usize = 128;

/// The labels of an exemplar: a [`TraceContext`], which becomes `trace_id` and `span_id`, or pairs of one's own.
///
/// A trace context that is not sampled makes no exemplar: nobody would find its trace. Pairs make none if they have more than
/// [`MAX_EXEMPLAR_CHARS`] characters, or if a name is malformed or there twice; the observation counts all the same, and
/// `omtx_exemplars_dropped_total{reason}` counts what was refused.
///
/// ```
/// # use omtx_metrics::{Histogram, MetricSet, Registry};
/// # /// A cache.
/// # #[derive(MetricSet)]
/// # struct Cache {
/// #     /// Time to load an entry.
/// #     load_duration_seconds: Histogram,
/// # }
/// # let cache = Registry::new().register::<Cache>()?;
/// let load = &cache.load_duration_seconds;
/// load.observe_with_exemplar(0.25, &[("shard", "7")]);
/// if let Some(trace) = omtx_context::TraceContext::current() {
///     load.observe_with_exemplar(0.25, trace);
/// }
/// assert_eq!(load.count(), 1);
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
///
/// As OpenMetrics shows it, with the value and when it was seen:
///
/// ```text
/// load_duration_seconds_bucket{le="0.25"} 1 # {shard="7"} 0.25 1700000000.123
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ExemplarLabels<'a>(Kind<'a>);

#[derive(Debug, Clone, Copy)]
enum Kind<'a> {
    Trace(TraceContext),
    Pairs(&'a [(&'a str, &'a str)]),
}

impl From<TraceContext> for ExemplarLabels<'_> {
    fn from(trace: TraceContext) -> Self {
        Self(Kind::Trace(trace))
    }
}

impl<'a> From<&'a [(&'a str, &'a str)]> for ExemplarLabels<'a> {
    fn from(pairs: &'a [(&'a str, &'a str)]) -> Self {
        Self(Kind::Pairs(pairs))
    }
}

impl<'a, const N: usize> From<&'a [(&'a str, &'a str); N]> for ExemplarLabels<'a> {
    fn from(pairs: &'a [(&'a str, &'a str); N]) -> Self {
        Self(Kind::Pairs(pairs))
    }
}

impl ExemplarLabels<'_> {
    /// What is to be kept; `None` if they make no exemplar. Counts what is refused.
    pub(super) fn keep(self) -> Option<Kept> {
        let pairs = match self.0 {
            Kind::Trace(trace) => {
                return trace
                    .is_sampled()
                    .then(|| Kept::Trace(trace.trace_id(), trace.span_id()));
            }
            Kind::Pairs(pairs) => pairs,
        };
        match check(pairs) {
            Ok(()) => {
                let mut text = Vec::new();
                for (name, value) in pairs {
                    write_pair(name, value, &mut text);
                }
                // Escaping inserts only ASCII into UTF-8.
                String::from_utf8(text)
                    .ok()
                    .map(|text| Kept::Text(text.into()))
            }
            Err(reason) => {
                dropped::count(reason);
                None
            }
        }
    }
}

fn check(pairs: &[(&str, &str)]) -> Result<(), DropReason> {
    // Counted with a limit: a value of a gigabyte is refused after 128 characters.
    let mut chars = pairs
        .iter()
        .flat_map(|(name, value)| name.chars().chain(value.chars()));
    if chars.nth(MAX_EXEMPLAR_CHARS).is_some() {
        return Err(DropReason::TooLong);
    }
    let is_sound = pairs.iter().enumerate().all(|(index, (name, _))| {
        name::is_metric_name(name) && !pairs[..index].iter().any(|(other, _)| other == name)
    });
    if is_sound {
        Ok(())
    } else {
        Err(DropReason::Malformed)
    }
}

/// Labels as a cell keeps them.
#[derive(Debug)]
pub(super) enum Kept {
    Trace(TraceId, SpanId),
    /// Escaped pairs.
    Text(Box<str>),
}

impl Kept {
    /// Appends escaped pairs.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Trace(trace, span) => {
                let mut push = |name: &str, hex: &[u8]| {
                    out.push_str(name);
                    out.push_str("=\"");
                    out.extend(hex.iter().map(|&digit| char::from(digit)));
                    out.push('"');
                };
                push("trace_id", &trace.to_hex());
                push(",span_id", &span.to_hex());
            }
            Self::Text(text) => out.push_str(text),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use omtx_context::TraceFlags;

    #[track_caller]
    fn check_kept(labels: ExemplarLabels<'_>, expected: Option<&str>) {
        let kept = labels.keep().map(|kept| {
            let mut text = String::new();
            kept.write(&mut text);
            text
        });
        assert_eq!(kept.as_deref(), expected);
    }

    fn trace(flags: TraceFlags) -> TraceContext {
        TraceContext::new(
            TraceId::new(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c).unwrap(),
            SpanId::new(0x0000_00b9_c7c9_89f9).unwrap(),
            flags,
        )
    }

    #[test]
    fn a_sampled_trace_becomes_its_ids() {
        check_kept(
            trace(TraceFlags::SAMPLED).into(),
            Some(r#"trace_id="0af7651916cd43dd8448eb211c80319c",span_id="000000b9c7c989f9""#),
        );
        check_kept(trace(TraceFlags::default()).into(), None);
    }

    #[test]
    fn pairs_are_escaped() {
        check_kept(
            (&[("a", "x\"\\\n"), ("b_2", "")]).into(),
            Some(r#"a="x\"\\\n",b_2="""#),
        );
        check_kept((&[]).into(), Some(""));
    }

    /// One test, because the counts are the process's.
    #[test]
    fn what_is_refused_is_counted_by_reason() {
        let before = DropReason::ALL.map(dropped::dropped);
        // 128 characters, of several bytes each, and then one more.
        let value = "é".repeat(127);
        check_kept((&[("a", &*value)]).into(), Some(&format!("a=\"{value}\"")));
        check_kept((&[("ab", &*value)]).into(), None);
        check_kept((&[("a", &*value), ("b", "")]).into(), None);
        for name in ["", "9x", "a-b", "a:b", "é"] {
            check_kept((&[(name, "x")]).into(), None);
        }
        check_kept((&[("a", "1"), ("b", "2"), ("a", "3")]).into(), None);
        let counted = DropReason::ALL.map(dropped::dropped);
        assert_eq!([counted[0] - before[0], counted[1] - before[1]], [2, 6]);
    }
}
