//! Every error at start-up names the value that was refused and what was expected.

use omtx_metrics::{
    Counter, Error, Family, Gauge, Histogram, Info, LabelValue, Labels, MetricSet, NativeBuckets,
    Registry, RegistryBuilder, Rows, SetOptions, StateSet, Unknown,
};

#[derive(Clone, Copy, LabelValue)]
enum Mood {
    Good,
    Bad,
}

#[derive(Labels)]
struct PathLabels<'a> {
    path: &'a str,
}

#[derive(Labels)]
struct StateLabels<'a> {
    state: &'a str,
}

/// A set.
#[derive(MetricSet)]
struct Set {
    /// Requests.
    requests_total: Family<PathLabels<'static>, Counter>,
    /// Durations.
    #[metric(unit = "seconds", buckets = [1.0])]
    duration_seconds: Histogram,
    /// The mood.
    mood: StateSet<Mood>,
}

#[track_caller]
fn invalid<T>(result: Result<T, Error>, message: &str) {
    let error = result.err().expect("an error");
    assert_eq!(error.to_string(), message);
    assert!(error.is_invalid() && !error.is_conflict());
}

#[track_caller]
fn conflict<T>(result: Result<T, Error>, message: &str) {
    let error = result.err().expect("an error");
    assert_eq!(error.to_string(), message);
    assert!(error.is_conflict() && !error.is_invalid());
}

const NAME: &str = "[a-zA-Z_][a-zA-Z0-9_]*";
const LABEL: &str = r#"[a-zA-Z_][a-zA-Z0-9_]*, not starting with "__", and not "le" or "quantile""#;

#[test]
fn a_builder_refuses_malformed_settings() {
    #[track_caller]
    fn check(builder: RegistryBuilder, message: &str) {
        invalid(builder.build(), message);
    }
    let builder = Registry::builder;
    for namespace in ["", "9x", "a-b", "a:b", "é", "a b"] {
        check(
            builder().namespace(namespace),
            &format!("invalid namespace \"{namespace}\"; expected {NAME}"),
        );
    }
    for label in ["", "le", "quantile", "__name__", "9a", "a-b"] {
        check(
            builder().constant_label(label, "x"),
            &format!("invalid constant label \"{label}\"; expected {LABEL}"),
        );
    }
    check(
        builder().constant_label("a", "1").constant_label("a", "1"),
        r#"invalid constant label "a"; expected a name that is given once"#,
    );
    check(
        builder().max_series(0),
        r#"invalid max_series "0"; expected at least 1"#,
    );
}

#[test]
fn options_of_a_set_are_checked() {
    #[track_caller]
    fn check(options: SetOptions, message: &str) {
        let registry = Registry::builder()
            .constant_label("region", "eu")
            .build()
            .unwrap();
        invalid(registry.register_with::<Set>(options), message);
        assert_eq!(registry.catalog().families, []);
    }
    let options = SetOptions::new;
    check(
        options().namespace("a-b"),
        &format!("invalid namespace \"a-b\"; expected {NAME}"),
    );
    check(
        options().rename("requests", "other_total"),
        r#"invalid family "requests"; expected one of requests_total, duration_seconds, mood"#,
    );
    check(
        options().buckets("durations", [1.0]),
        r#"invalid family "durations"; expected one of requests_total, duration_seconds, mood"#,
    );
    check(
        options().buckets("requests_total", [1.0]),
        r#"invalid buckets of family "requests_total"; expected no buckets: it is no histogram"#,
    );
    for (bounds, shown) in [
        (&[1.0, 1.0][..], "[1.0, 1.0]"),
        (&[2.0, 1.0], "[2.0, 1.0]"),
        (&[f64::NAN], "[NaN]"),
        (&[1.0, f64::INFINITY], "[1.0, inf]"),
    ] {
        check(
            options().buckets("duration_seconds", bounds),
            &format!(
                "invalid buckets \"{shown}\"; expected finite, strictly increasing bounds for family \"duration_seconds\""
            ),
        );
    }
    check(
        options().buckets("duration_seconds", []),
        r#"invalid buckets "[]"; expected at least one bound for family "duration_seconds""#,
    );
    for (buckets, fault) in [
        (
            NativeBuckets::new().factor(1.0),
            r#"factor "1"; expected a finite factor above 1"#,
        ),
        (
            NativeBuckets::new().factor(f64::NAN),
            r#"factor "NaN"; expected a finite factor above 1"#,
        ),
        (
            NativeBuckets::new().max_buckets(1),
            r#"max_buckets "1"; expected 2 to 10000"#,
        ),
        (
            NativeBuckets::new().max_buckets(10_001),
            r#"max_buckets "10001"; expected 2 to 10000"#,
        ),
        (
            NativeBuckets::new().zero_threshold(-0.5),
            r#"zero_threshold "-0.5"; expected a finite number that is not negative"#,
        ),
    ] {
        check(
            options().native("duration_seconds", buckets),
            &format!(r#"invalid native {fault} for family "duration_seconds""#),
        );
    }
    check(
        options().native("mood", NativeBuckets::new()),
        r#"invalid native buckets of family "mood"; expected none: it is no histogram"#,
    );
    check(
        options().native("durations", NativeBuckets::new()),
        r#"invalid family "durations"; expected one of requests_total, duration_seconds, mood"#,
    );
    check(
        options().rename("requests_total", "9_total"),
        &format!("invalid metric name \"9_total\"; expected {NAME}"),
    );
    check(
        options().rename("requests_total", "requests"),
        r#"invalid metric name "requests"; expected a counter's name that ends in "_total""#,
    );
    check(
        options().rename("mood", "mood_count"),
        r#"invalid metric name "mood_count"; expected a name that does not end in "_total", "_bucket", "_count", "_sum" or "_created""#,
    );
    check(
        options().rename("duration_seconds", "duration"),
        r#"invalid metric name "duration"; expected a name that ends in its unit, "_seconds""#,
    );
    check(
        options().rename_label("endpoint", "route"),
        r#"invalid label "endpoint"; expected a label that a family of the set has"#,
    );
    check(
        options().rename_label("path", "le"),
        &format!("invalid label name \"le\"; expected {LABEL}"),
    );
    check(
        options().rename_label("path", "region"),
        r#"invalid label name "region"; expected a label that family "requests_total" has once, and that is no constant label"#,
    );
    check(
        options().constant_label("path", "x"),
        r#"invalid label name "path"; expected a label that family "requests_total" has once, and that is no constant label"#,
    );
    check(
        options().constant_label("mood", "x"),
        r#"invalid label name "mood"; expected a label that family "mood" has once, and that is no constant label"#,
    );
    check(
        options().constant_label("region", "us"),
        r#"invalid constant label "region"; expected a name that is given once"#,
    );
    check(
        options().max_series(0),
        r#"invalid max_series "0"; expected at least 1"#,
    );
}

#[test]
fn single_families_are_checked() {
    let registry = Registry::new();
    for name in [
        "",
        "9x_total",
        "a-b_total",
        "a.b_total",
        "a:b_total",
        "é_total",
    ] {
        invalid(
            registry.family::<(), Counter>(name, "Help.").register(),
            &format!("invalid metric name \"{name}\"; expected {NAME}"),
        );
    }
    for help in ["", " ", "\n"] {
        invalid(
            registry.family::<(), Gauge>("a", help).register(),
            r#"invalid help text of family "a"; expected a text that is not empty"#,
        );
    }
    for name in ["a", "_total"] {
        invalid(
            registry.family::<(), Counter>(name, "Help.").register(),
            &format!(
                "invalid metric name \"{name}\"; expected a counter's name that ends in \"_total\""
            ),
        );
    }
    invalid(
        registry.family::<(), Info>("a", "Help.").register(),
        r#"invalid metric name "a"; expected an info's name that ends in "_info""#,
    );
    for name in ["a_bucket", "a_count", "a_sum", "a_created"] {
        invalid(
            registry.family::<(), Unknown>(name, "Help.").register(),
            &format!(
                "invalid metric name \"{name}\"; expected a name that does not end in \"_bucket\", \"_count\", \"_sum\" or \"_created\""
            ),
        );
    }
    invalid(
        registry
            .family::<(), Histogram>("a_total", "Help.")
            .register(),
        r#"invalid metric name "a_total"; expected a name that does not end in "_total", "_bucket", "_count", "_sum" or "_created""#,
    );
    invalid(
        registry
            .family::<(), Histogram>("a", "Help.")
            .buckets([2.0, 1.0])
            .register(),
        r#"invalid buckets "[2.0, 1.0]"; expected finite, strictly increasing bounds for family "a""#,
    );
    invalid(
        registry
            .family::<(), Histogram>("a", "Help.")
            .buckets([])
            .register(),
        r#"invalid buckets "[]"; expected at least one bound for family "a""#,
    );
    invalid(
        registry
            .family::<(), Gauge>("a", "Help.")
            .max_series(0)
            .register(),
        r#"invalid max_series "0"; expected at least 1"#,
    );
    invalid(
        registry
            .family::<(), Gauge>("a_seconds", "Help.")
            .unit("bytes")
            .register(),
        r#"invalid metric name "a_seconds"; expected a name that ends in its unit, "_bytes""#,
    );
    invalid(
        registry
            .family::<StateLabels<'static>, Gauge>("a", "Help.")
            .zeroed()
            .register(),
        r#"invalid zeroed family "a"; expected closed labels only: the values of a `&str` are not known beforehand"#,
    );
    invalid(
        registry
            .family::<(), StateSet<Mood>>("a", "Help.")
            .state("le")
            .register(),
        r#"invalid label name "le"; expected [a-zA-Z_][a-zA-Z0-9_]*, not starting with "__", and not "le" or "quantile""#,
    );
    invalid(
        registry
            .family::<StateLabels<'static>, StateSet<Mood>>("state", "Help.")
            .register(),
        r#"invalid label name "state"; expected a label that family "state" has once, and that is no constant label"#,
    );
    assert_eq!(registry.catalog().families, []);
}

#[test]
fn a_name_is_registered_once_whatever_the_type() {
    #[track_caller]
    fn taken<T>(result: Result<T, Error>, start: &str) {
        let error = result.err().expect("an error");
        assert!(error.is_conflict());
        assert!(error.to_string().starts_with(start), "{error}");
    }
    let registry = Registry::new();
    registry
        .family::<(), Gauge>("a", "Help.")
        .register()
        .unwrap();
    registry
        .family::<(), Gauge>("b_total", "Help.")
        .register()
        .unwrap();
    registry
        .family::<(), Gauge>("c_info", "Help.")
        .register()
        .unwrap();
    registry
        .family::<(), Counter>("d_total", "Help.")
        .register()
        .unwrap();

    let already = |name: &str, kind: &str| {
        format!("family \"{name}\" is registered already, as a {kind} of `")
    };
    taken(
        registry.family::<(), Gauge>("a", "Help.").register(),
        &already("a", "gauge"),
    );
    taken(
        registry.family::<(), Unknown>("a", "Help.").register(),
        &already("a", "gauge"),
    );
    taken(
        registry.family::<(), Histogram>("a", "Help.").register(),
        &already("a", "gauge"),
    );
    // OpenMetrics calls the counter `a_total` and the info `a_info` `a`.
    taken(
        registry
            .family::<(), Counter>("a_total", "Help.")
            .register(),
        &already("a_total", "gauge"),
    );
    taken(
        registry.family::<(), Info>("a_info", "Help.").register(),
        &already("a_info", "gauge"),
    );
    taken(
        registry.family::<(), Gauge>("d", "Help.").register(),
        &already("d", "counter"),
    );
    // In text 0.0.4 these have the very same name.
    taken(
        registry
            .family::<(), Counter>("b_total", "Help.")
            .register(),
        &already("b_total", "gauge"),
    );
    taken(
        registry.family::<(), Info>("c_info", "Help.").register(),
        &already("c_info", "gauge"),
    );
    taken(
        registry.family::<(), Gauge>("d_total", "Help.").register(),
        &already("d_total", "counter"),
    );
    assert_eq!(registry.catalog().families.len(), 4);
}

#[test]
fn the_message_of_a_conflict_names_both_sides() {
    let registry = Registry::new();
    registry
        .family::<(), Gauge>("mood", "Help.")
        .register()
        .unwrap();
    conflict(
        registry.register::<Set>(),
        &format!(
            "family \"mood\" is registered already, as a gauge of `{}`; expected a name of its own for the gauge of `{}`",
            std::any::type_name::<Family<(), Gauge>>(),
            std::any::type_name::<Set>(),
        ),
    );
}

#[test]
fn a_collectors_name_is_registered_once() {
    let registry = Registry::new();
    registry
        .register_collector("pool", |_: &mut Rows| {})
        .unwrap();
    conflict(
        registry.register_collector("pool", |_: &mut Rows| {}),
        r#"collector "pool" is registered already; expected a name of its own"#,
    );
}

#[test]
fn the_time_for_collectors_is_more_than_zero_and_an_hour_at_most() {
    use std::time::Duration;
    for (timeout, written) in [
        (Duration::ZERO, "0ns"),
        (Duration::from_secs(3_601), "3601s"),
        (Duration::MAX, "18446744073709551615.999999999s"),
    ] {
        let error = Registry::builder()
            .collect_timeout(timeout)
            .build()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "invalid collect_timeout \"{written}\"; expected more than zero, and an hour at most"
            )
        );
    }
}

#[test]
fn closed_values_by_hand_are_checked_like_derived_ones() {
    macro_rules! by_hand {
        ($name:ident, $values:expr) => {
            #[derive(Clone, Copy)]
            struct $name;
            impl omtx_metrics::LabelValue for $name {
                const VALUES: &'static [&'static str] = &$values;
                fn index(self) -> usize {
                    0
                }
                fn from_index(_: usize) -> Self {
                    Self
                }
            }
        };
    }
    by_hand!(Quoted, ["a\"b"]);
    by_hand!(Empty, [""]);
    by_hand!(Twice, ["a", "a"]);

    #[track_caller]
    fn refused<S: omtx_metrics::LabelValue>(values: &str) {
        let registry = Registry::new();
        let error = registry
            .family::<(), StateSet<S>>("a", "Help.")
            .register()
            .unwrap_err();
        assert!(error.is_invalid());
        let start =
            format!("invalid closed label values \"{values}\"; expected values that are not empty");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
    refused::<Quoted>(r#"["a\"b"]"#);
    refused::<Empty>(r#"[""]"#);
    refused::<Twice>(r#"["a", "a"]"#);
}

#[test]
fn a_constant_label_may_be_called_like_one_of_the_librarys() {
    for label in ["format", "encoding", "code", "collector", "family"] {
        let registry = Registry::builder()
            .constant_label(label, "x")
            .build()
            .unwrap();
        let family = registry
            .family::<(), Counter>("a_total", "A.")
            .register()
            .unwrap();
        family.with(()).inc();
        let scrape = omtx_metrics::Exporter::new(&registry).scrape().into_body();
        let text = std::str::from_utf8(&scrape).unwrap();
        assert!(
            text.contains(&format!("a_total{{{label}=\"x\"}} 1\n")),
            "{text}"
        );
        omtx_metrics::testing::Exposition::parse(text).unwrap();
    }
}
