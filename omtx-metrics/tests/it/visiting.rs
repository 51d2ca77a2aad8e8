//! What a visitor is shown is what a scrape shows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use omtx_metrics::testing::at;
use omtx_metrics::visit::{
    Family, Histogram, Labels, Number, Origin, Series, Value, Visitor, Wants,
};
use omtx_metrics::{Counter, Labels as LabelSet, NativeBuckets, Registry, Rows};
use proptest::prelude::*;

use crate::kinds::filled;

#[derive(LabelSet)]
struct AbLabels<'a> {
    a: &'a str,
    b: &'a str,
}

/// Writes text format 0.0.4 from what it is shown, and from nothing else.
#[derive(Default)]
struct Text(String);

impl Text {
    fn of(registry: &Registry) -> String {
        let mut text = Self::default();
        registry.visit(&mut text);
        text.0
    }

    fn line(
        &mut self,
        name: &str,
        labels: Labels<'_>,
        more: &str,
        value: &str,
        time: Option<SystemTime>,
    ) {
        let mut all = labels.to_string();
        if !all.is_empty() && !more.is_empty() {
            all.push(',');
        }
        all += more;
        if !all.is_empty() {
            all = format!("{{{all}}}");
        }
        let time = time.map_or(String::new(), |time| {
            match time.duration_since(UNIX_EPOCH) {
                Ok(after) => format!(" {}", after.as_millis()),
                Err(before) => format!(" -{}", before.duration().as_millis()),
            }
        });
        self.0 += &format!("{name}{all} {value}{time}\n");
    }

    fn histogram(&mut self, family: &Family<'_>, series: &Series<'_>, histogram: Histogram<'_>) {
        let (name, labels, time) = (family.name(), series.labels(), series.timestamp());
        let mut cumulative = 0;
        for bucket in histogram.buckets() {
            cumulative += bucket.count;
            let le = format!("le=\"{}\"", go(bucket.upper));
            self.line(
                &format!("{name}_bucket"),
                labels,
                &le,
                &cumulative.to_string(),
                time,
            );
        }
        assert_eq!(cumulative, histogram.count());
        if !histogram.may_be_negative() {
            let sum = Number::Float(histogram.sum()).to_string();
            self.line(&format!("{name}_sum"), labels, "", &sum, time);
        }
        self.line(
            &format!("{name}_count"),
            labels,
            "",
            &cumulative.to_string(),
            time,
        );
    }
}

/// As Go writes the bounds of buckets.
fn go(value: f64) -> String {
    if value.is_infinite() || value.abs() < 1e6 {
        return Number::Float(value).to_string();
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap();
    format!("{digits}e+{exponent:0>2}")
}

impl Visitor for Text {
    fn wants(&mut self, family: &Family<'_>) -> Option<Wants> {
        // `Registry::to_text` leaves them out.
        (family.origin() != Origin::Library).then_some(Wants::new())
    }

    fn family(&mut self, family: &Family<'_>) {
        let help = family.help().replace('\\', "\\\\").replace('\n', "\\n");
        let (name, kind) = (family.name(), family.kind().as_text());
        self.0 += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn series(&mut self, family: &Family<'_>, series: &Series<'_>) {
        let (name, labels, time) = (family.name(), series.labels(), series.timestamp());
        match series.value() {
            Value::Number(number) => self.line(name, labels, "", &number.to_string(), time),
            Value::Histogram(histogram) => self.histogram(family, series, histogram),
            Value::States(states) => {
                for (state, holds) in states.iter() {
                    let state = format!("{}=\"{state}\"", states.label());
                    self.line(name, labels, &state, &u8::from(holds).to_string(), time);
                }
            }
            Value::Summary(summary) => {
                for (quantile, value) in summary.quantiles() {
                    let quantile = format!("quantile=\"{}\"", go(*quantile));
                    let value = Number::Float(*value).to_string();
                    self.line(name, labels, &quantile, &value, time);
                }
                let sum = Number::Float(summary.sum()).to_string();
                self.line(&format!("{name}_sum"), labels, "", &sum, time);
                let count = summary.count().to_string();
                self.line(&format!("{name}_count"), labels, "", &count, time);
            }
            other => panic!("a value of no known kind: {other:?}"),
        }
    }
}

#[test]
fn every_kind_can_be_written_again_from_what_is_shown() {
    let registry = Registry::builder()
        .constant_label("zone", "a\"b")
        .build()
        .unwrap();
    filled(&registry);
    assert_eq!(Text::of(&registry), registry.to_text());
}

#[test]
fn rows_of_collectors_are_shown_where_their_names_belong() {
    let registry = Registry::new();
    filled(&registry);
    registry
        .register_collector("pool", |rows: &mut Rows| {
            rows.gauge("pool_connections", "Connections.\nBy \\ state.")
                .row(&[("state", "id\"le\n")], f64::NAN)
                .row(&[], f64::NEG_INFINITY);
            rows.counter("aborted_total", "Aborted.").row(&[], 0.1);
            // Ours wins.
            rows.gauge("queue_depth", "Another.").row(&[], 7.0);
        })
        .unwrap();
    let text = Text::of(&registry);
    assert_eq!(text, registry.to_text());
    assert!(
        text.starts_with("# HELP aborted_total Aborted.\n"),
        "{text}"
    );
}

#[cfg(feature = "prometheus")]
#[test]
fn histograms_and_summaries_of_the_prometheus_crate_are_shown() {
    use prometheus::core::{Collector, Desc};
    use prometheus::proto::{Metric, MetricFamily, MetricType, Quantile, Summary};

    struct Summarised;
    impl Collector for Summarised {
        fn desc(&self) -> Vec<&Desc> {
            Vec::new()
        }

        fn collect(&self) -> Vec<MetricFamily> {
            let mut quantile = Quantile::default();
            quantile.set_quantile(0.5);
            quantile.set_value(1.25);
            let mut summary = Summary::default();
            summary.set_quantile(vec![quantile]);
            summary.set_sample_sum(2.5);
            summary.set_sample_count(2);
            let mut metric = Metric::default();
            metric.set_summary(summary);
            metric.set_timestamp_ms(-1_500);
            let mut family = MetricFamily::default();
            family.set_name("waited_seconds".to_owned());
            family.set_help("Waited.".to_owned());
            family.set_field_type(MetricType::SUMMARY);
            family.mut_metric().push(metric);
            vec![family]
        }
    }

    let theirs = prometheus::Registry::new();
    let options =
        prometheus::HistogramOpts::new("served_seconds", "Served.").buckets(vec![-1.0, 2.0]);
    let served = prometheus::Histogram::with_opts(options).unwrap();
    for value in [-3.0, 1.0, 9.0, 0.5] {
        served.observe(value);
    }
    theirs.register(Box::new(served)).unwrap();
    theirs.register(Box::new(Summarised)).unwrap();
    let registry = Registry::new();
    registry.register_prometheus("theirs", theirs).unwrap();

    let text = Text::of(&registry);
    // Theirs show the sum also where it may go down.
    let shown = registry.to_text().replace("served_seconds_sum 7.5\n", "");
    assert_eq!(text, shown);
    assert!(text.ends_with("waited_seconds_count 2 -1500\n"), "{text}");
}

/// Which families there are, and whose they are.
#[derive(Default)]
struct Origins(Vec<(String, String)>);

impl Visitor for Origins {
    fn series(&mut self, _: &Family<'_>, _: &Series<'_>) {}

    fn family_end(&mut self, family: &Family<'_>) {
        let origin = format!("{:?}", family.origin());
        self.0.push((family.name().to_owned(), origin));
    }
}

#[test]
fn the_librarys_own_families_are_shown_and_told_apart() {
    let registry = Registry::new();
    let jobs = registry
        .family::<(), Counter>("jobs_total", "Jobs.")
        .register();
    jobs.unwrap().with(()).inc();
    let fails = |_: &mut Rows| panic!("a collector's panic");
    registry.register_collector("fails", fails).unwrap();
    let answers = |rows: &mut Rows| {
        rows.gauge("up", "Up.").row(&[], 1.0);
    };
    registry.register_collector("answers", answers).unwrap();

    let mut seen = Origins::default();
    registry.visit(&mut seen);
    let expected = [
        ("jobs_total", "Registry"),
        ("omtx_collector_errors_total", "Library"),
        ("up", "Collector(\"answers\")"),
    ];
    assert_eq!(
        seen.0,
        expected.map(|(name, origin)| (name.to_owned(), origin.to_owned()))
    );
}

/// What is shown beyond values.
struct More {
    wants: Wants,
    seen: Vec<String>,
}

impl Visitor for More {
    fn wants(&mut self, family: &Family<'_>) -> Option<Wants> {
        (family.name() != "left_out_total").then_some(self.wants)
    }

    fn series(&mut self, family: &Family<'_>, series: &Series<'_>) {
        let millis = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_millis();
        let mut seen = family.name().to_owned();
        if let Some(created) = series.created() {
            seen += &format!(" created {}", millis(created));
        }
        if let Value::Histogram(histogram) = series.value() {
            if let Some(native) = histogram.native() {
                seen += &format!(
                    " schema {} zero {} in {:e} positive {:?} negative {:?} count {} sum {}",
                    native.schema(),
                    native.zero_count(),
                    native.zero_threshold(),
                    native.positive(),
                    native.negative(),
                    native.count(),
                    native.sum(),
                );
                assert!(!histogram.has_classic_buckets());
            }
        }
        for exemplar in series.exemplars() {
            let (labels, at) = (exemplar.labels(), millis(exemplar.timestamp()));
            seen += &format!(
                " # {{{labels}}} {} in {} at {at}",
                exemplar.value(),
                exemplar.bucket()
            );
        }
        self.seen.push(seen);
    }
}

#[test]
fn more_than_values_is_shown_to_those_who_want_it() {
    let registry = Registry::new();
    at(UNIX_EPOCH + Duration::from_millis(5), || {
        let left_out = registry
            .family::<(), Counter>("left_out_total", "Left out.")
            .register();
        left_out.unwrap().with(()).inc();
        let weights = registry
            .family::<(), omtx_metrics::Histogram>("weight_grams", "Weights.")
            .native(NativeBuckets::new().factor(2.0).without_classic())
            .register()
            .unwrap();
        let weights = weights.with(());
        for value in [0.0, -1.0, 2.0] {
            weights.observe(value);
        }
        weights.observe_with_exemplar(3.0, &[("who", "a\"b")]);
    });
    let see = |wants| {
        let mut more = More {
            wants,
            seen: Vec::new(),
        };
        registry.visit(&mut more);
        more.seen
    };
    assert_eq!(see(Wants::new()), ["weight_grams"]);
    assert_eq!(
        see(Wants::ALL),
        [
            "weight_grams created 5 schema 0 zero 1 in 2.938735877055719e-39 \
          positive [(1, 1), (2, 1)] negative [(0, 1)] count 4 sum 4 # {who=\"a\\\"b\"} 3 in 0 at 5"
        ]
    );
    assert_eq!(see(Wants::new().created(true)), ["weight_grams created 5"]);
}

#[test]
fn gauges_that_only_age_are_brought_up_to_date_first() {
    let registry = Registry::new();
    let age = registry
        .family::<(), omtx_metrics::IntGauge>("age", "Age.")
        .register()
        .unwrap();
    registry.before_scrape(move || age.with(()).inc());
    assert!(Text::of(&registry).ends_with("age 1\n"));
    assert!(Text::of(&registry).ends_with("age 2\n"));
}

#[test]
fn a_visitor_that_panics_does_no_harm() {
    struct Panics;
    impl Visitor for Panics {
        fn series(&mut self, _: &Family<'_>, _: &Series<'_>) {
            panic!("a visitor's panic");
        }
    }

    let registry = Registry::new();
    filled(&registry);
    let before = registry.to_text();
    let visit = std::panic::AssertUnwindSafe(|| registry.visit(&mut Panics));
    assert!(std::panic::catch_unwind(visit).is_err());
    assert_eq!(registry.to_text(), before);
    assert_eq!(Text::of(&registry), before);
}

proptest! {
    #[test]
    fn hostile_labels_come_as_they_were_given(
        values in prop::collection::hash_map((any::<String>(), "[a\\\\n\n\",={}]{0,6}"), 0..1_000_u64, 0..6),
        constant in "[a\\\\n\n\"]{0,4}",
    ) {
        let registry = Registry::builder().constant_label("c", constant.clone()).build().unwrap();
        let family = registry.family::<AbLabels<'static>, Counter>("x_total", "Counts.").register().unwrap();
        for ((a, b), count) in &values {
            family.with(AbLabels { a, b }).add(*count);
        }
        prop_assert_eq!(Text::of(&registry), registry.to_text());

        struct Given(Vec<(String, String, String, u64)>);
        impl Visitor for Given {
            fn series(&mut self, family: &Family<'_>, series: &Series<'_>) {
                if let (Origin::Registry, Value::Number(Number::Unsigned(count))) = (family.origin(), series.value()) {
                    let value = |name| series.labels().get(name).unwrap().into_owned();
                    assert_eq!(series.labels().iter().map(|(name, _)| name).collect::<Vec<_>>(), ["c", "a", "b"]);
                    self.0.push((value("c"), value("a"), value("b"), count));
                }
            }
        }
        let mut given = Given(Vec::new());
        registry.visit(&mut given);
        given.0.sort_unstable();
        let mut expected: Vec<_> = values
            .into_iter()
            .map(|((a, b), count)| (constant.clone(), a, b, count))
            .collect();
        expected.sort_unstable();
        prop_assert_eq!(given.0, expected);
    }
}
