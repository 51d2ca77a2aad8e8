//! The rules for names, as `const` functions: the derive macros and the registry ask the same ones.

use crate::Kind;

/// What a metric name looks like; quoted by error messages.
///
/// Prometheus' data model allows `:` too, but reserves it for recording rules.
pub(crate) const METRIC_NAME: &str = "[a-zA-Z_][a-zA-Z0-9_]*";

/// What a label name looks like; quoted by error messages.
pub(crate) const LABEL_NAME: &str =
    "[a-zA-Z_][a-zA-Z0-9_]*, not starting with \"__\", and not \"le\" or \"quantile\"";

/// True if `name` is `[a-zA-Z_][a-zA-Z0-9_]*`.
#[must_use]
pub(crate) const fn is_metric_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes[0].is_ascii_digit() {
        return false;
    }
    let mut i = 0;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_alphanumeric() || bytes[i] == b'_') {
            return false;
        }
        i += 1;
    }
    true
}

/// True if `name` is legal in an exposition: as [`is_metric_name`], with `:` as well.
#[must_use]
pub(crate) fn is_exposable_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    name.bytes().all(legal)
        && name
            .bytes()
            .next()
            .is_some_and(|first| !first.is_ascii_digit())
}

/// True if `name` may label a series of ours: a legal label name that neither Prometheus (`__…`) nor the exposition
/// format (`le`, `quantile`) reserves.
#[must_use]
pub(crate) const fn is_label_name(name: &str) -> bool {
    is_metric_name(name)
        && !starts_with(name, "__")
        && !equal(name, "le")
        && !equal(name, "quantile")
}

/// True if a family of this kind may have this name: counters end in `_total`, nothing else does, and no name ends in
/// a suffix that a histogram's or a counter's own samples use.
#[must_use]
pub(crate) const fn suffix_fits(name: &str, kind: Kind) -> bool {
    match kind {
        Kind::Counter => ends_with(name, "_total") && name.len() > "_total".len(),
        Kind::Info => ends_with(name, "_info") && name.len() > "_info".len(),
        Kind::Gauge | Kind::Unknown => !ends_in_sample_suffix(name),
        Kind::Histogram | Kind::Summary | Kind::StateSet => {
            !ends_in_sample_suffix(name) && !ends_with(name, "_total")
        }
    }
}

/// The sentence for a name that [`suffix_fits`] refuses.
#[must_use]
pub(crate) const fn suffix_rule(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "a counter's name that ends in \"_total\"",
        Kind::Info => "an info's name that ends in \"_info\"",
        Kind::Gauge | Kind::Unknown => {
            "a name that does not end in \"_bucket\", \"_count\", \"_sum\" or \"_created\""
        }
        Kind::Histogram | Kind::Summary | Kind::StateSet => {
            "a name that does not end in \"_total\", \"_bucket\", \"_count\", \"_sum\" or \"_created\""
        }
    }
}

/// A gauge called `x_count` beside a histogram `x` would be read as the histogram's own sample.
const fn ends_in_sample_suffix(name: &str) -> bool {
    ends_with(name, "_bucket")
        || ends_with(name, "_count")
        || ends_with(name, "_sum")
        || ends_with(name, "_created")
}

/// True if the family's name, less a counter's `_total`, ends in `_{unit}` (OpenMetrics 1.0, "Unit").
#[must_use]
pub(crate) const fn has_unit(name: &str, unit: &str, kind: Kind) -> bool {
    let mut end = name.len();
    if matches!(kind, Kind::Counter) && ends_with(name, "_total") {
        end -= "_total".len();
    }
    let (name, unit) = (name.as_bytes(), unit.as_bytes());
    if unit.is_empty() || end < unit.len() + 1 {
        return false;
    }
    let start = end - unit.len();
    if name[start - 1] != b'_' {
        return false;
    }
    let mut i = 0;
    while i < unit.len() {
        if name[start + i] != unit[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// What the values of a closed label look like; quoted by error messages.
pub(crate) const VALUES: &str =
    "values that are not empty, differ from each other, and hold no quote, backslash or line feed";

/// True if the values of a closed label are different series and need no escape: they are copied as they are.
#[must_use]
pub(crate) const fn are_values(values: &[&str]) -> bool {
    let mut i = 0;
    while i < values.len() {
        let value = values[i].as_bytes();
        if value.is_empty() {
            return false;
        }
        let mut at = 0;
        while at < value.len() {
            if matches!(value[at], b'"' | b'\\' | b'\n') {
                return false;
            }
            at += 1;
        }
        let mut other = 0;
        while other < i {
            if equal(values[other], values[i]) {
                return false;
            }
            other += 1;
        }
        i += 1;
    }
    true
}

/// True if the upper bounds are finite and strictly increasing.
#[must_use]
pub(crate) const fn are_bounds(bounds: &[f64]) -> bool {
    let mut i = 0;
    while i < bounds.len() {
        if !bounds[i].is_finite() || (i > 0 && bounds[i - 1] >= bounds[i]) {
            return false;
        }
        i += 1;
    }
    true
}

/// `a == b`, in `const` contexts.
#[must_use]
pub(crate) const fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && starts_with(a, b)
}

const fn starts_with(text: &str, prefix: &str) -> bool {
    let (text, prefix) = (text.as_bytes(), prefix.as_bytes());
    if text.len() < prefix.len() {
        return false;
    }
    let mut i = 0;
    while i < prefix.len() {
        if text[i] != prefix[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// `text.ends_with(suffix)`, in `const` contexts.
#[must_use]
pub(crate) const fn ends_with(text: &str, suffix: &str) -> bool {
    let (text, suffix) = (text.as_bytes(), suffix.as_bytes());
    if text.len() < suffix.len() {
        return false;
    }
    let start = text.len() - suffix.len();
    let mut i = 0;
    while i < suffix.len() {
        if text[start + i] != suffix[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_names_follow_the_data_model() {
        for good in ["a", "_a", "http_requests_total", "A9"] {
            assert!(is_metric_name(good), "{good}");
        }
        for bad in ["", "9x", "a-b", "a.b", "a b", "é", "a:b", "a\n"] {
            assert!(!is_metric_name(bad), "{bad}");
        }
    }

    #[test]
    fn reserved_labels_are_refused() {
        for bad in ["le", "quantile", "__name__", "__x", "", "1a"] {
            assert!(!is_label_name(bad), "{bad}");
        }
        assert!(is_label_name("level"));
    }

    #[test]
    fn a_unit_is_the_suffix_of_the_name_before_total() {
        assert!(has_unit("job_duration_seconds", "seconds", Kind::Histogram));
        assert!(has_unit("read_bytes_total", "bytes", Kind::Counter));
        assert!(!has_unit("read_total", "bytes", Kind::Counter));
        assert!(!has_unit("seconds", "seconds", Kind::Gauge));
        assert!(!has_unit("milliseconds", "seconds", Kind::Gauge));
    }

    #[test]
    fn bounds_increase_and_are_finite() {
        assert!(are_bounds(&[]));
        assert!(are_bounds(&[-1.0, 0.0, 1.0]));
        for bad in [
            &[1.0, 1.0][..],
            &[2.0, 1.0],
            &[f64::NAN],
            &[f64::INFINITY],
            &[0.0, f64::NAN],
        ] {
            assert!(!are_bounds(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_suffix_belongs_to_its_kind() {
        assert!(suffix_fits("a_total", Kind::Counter));
        assert!(!suffix_fits("a", Kind::Counter));
        assert!(!suffix_fits("_total", Kind::Counter));
        assert!(suffix_fits("active_users_total", Kind::Gauge)); // the user's dashboards hold this name
        assert!(!suffix_fits("a_count", Kind::Gauge));
        assert!(!suffix_fits("a_sum", Kind::Histogram));
        assert!(suffix_fits("build_info", Kind::Info));
        assert!(!suffix_fits("build", Kind::Info));
    }
}
