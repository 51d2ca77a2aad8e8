//! The three formats say the same of a registry, whatever is in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use omtx_metrics::testing::{Exposition, Sample};
use omtx_metrics::{
    Counter, CounterF64, Family, Gauge, Histogram, Info, IntGauge, LabelValue, Labels, MetricSet,
    Registry, Rows, StateSet, Unknown,
};
use proptest::prelude::*;

use crate::protobuf::schema::{Bucket, LabelPair, MetricFamily, decode};

#[derive(Clone, Copy, Debug, LabelValue)]
enum Side {
    Left,
    Right,
}

#[derive(Labels)]
struct Hostile<'a> {
    first: &'a str,
    side: Side,
    last: &'a str,
}

/// Every kind.
#[derive(MetricSet)]
struct Everything {
    /// Whole: \ and "quotes".
    whole_total: Family<Hostile<'static>, Counter>,
    /// Fractions.
    #[metric(unit = "seconds")]
    fractions_seconds_total: Family<Hostile<'static>, CounterF64>,
    /// Up and down.
    level: Family<Hostile<'static>, Gauge>,
    /// Up and down in steps.
    steps: IntGauge,
    /// Observations.
    #[metric(unit = "bytes", buckets = [0.005, 1.0, 2.5, 1e6], native)]
    sizes_bytes: Family<Hostile<'static>, Histogram>,
    /// Either way.
    #[metric(buckets = [-1.0, 0.0, 1.0])]
    drift: Histogram,
    /// Facts.
    fact_info: Family<Hostile<'static>, Info>,
    /// A state.
    state: StateSet<Side>,
    /// A state under a label of another name.
    #[metric(state = "side")]
    side_state: StateSet<Side>,
    /// Whatever.
    legacy: Family<Hostile<'static>, Unknown>,
}

/// A registry with a series of every kind for each of these values, and rows of a collector.
pub(crate) fn hostile_registry(values: &[(String, String, f64)]) -> Registry {
    let registry = Registry::builder()
        .constant_label("region", "eu \"west\" \\ 1\n")
        .build()
        .unwrap();
    let all: Arc<Everything> = registry.register().unwrap();
    for (first, last, value) in values {
        let labels = || Hostile {
            first,
            last,
            side: Side::Right,
        };
        let whole = all.whole_total.with(labels());
        whole.add_with_exemplar(value.abs() as u64, &[("number", "a\"b\\c\n7")][..]);
        all.fractions_seconds_total.with(labels()).add(value.abs());
        all.level.with(labels()).set(*value);
        all.steps.add(*value as i64 % 1_000);
        // Where a NaN was observed, Prometheus wants the sum of native buckets to be NaN too.
        if !value.is_nan() {
            all.sizes_bytes.with(labels()).observe(*value);
        }
        // The reference parser takes the first brace in an exemplar for its end, quoted or not.
        let trace = first.replace('}', "");
        all.drift
            .observe_with_exemplar(*value, &[("trace_id", &*trace)][..]);
        all.fact_info.with(labels());
        all.legacy.with(labels()).set(-*value);
    }
    all.state.set(Side::Left);
    all.side_state.set(Side::Right);
    let rows = values.to_vec();
    let collector = move |out: &mut Rows| {
        for (first, last, value) in &rows {
            let labels: &[(&str, &str)] = &[("first", first), ("last", last)];
            out.gauge("foreign_level", first).row(labels, *value);
            out.counter("foreign_total", last).row(labels, value.abs());
            out.unknown("foreign_other", "").row(labels, -value);
            // Beside `foreign_total`, what OpenMetrics calls that.
            out.gauge("foreign", "Taken.").row(labels, *value);
        }
    };
    registry.register_collector("foreign", collector).unwrap();
    registry
}

pub(crate) fn hostile_values() -> impl Strategy<Value = Vec<(String, String, f64)>> {
    let text = || {
        prop_oneof![
            any::<String>(),
            "[a\\\\n\n\",={} #]{0,8}",
            "[\r\u{85}\u{2028}\u{0}\t]{1,4}"
        ]
    };
    let number = prop_oneof![
        any::<f64>(),
        -1e3..1e3_f64,
        Just(0.0),
        Just(-0.0),
        Just(1.0),
        Just(1e6),
        Just(f64::INFINITY),
        Just(f64::NAN),
    ];
    prop::collection::vec((text(), text(), number), 0..6)
}

/// A sample, so that the same one is equal in every format: numbers in labels are compared as numbers.
type Facts = BTreeMap<(String, Vec<(String, String)>), u64>;

fn fact(facts: &mut Facts, name: String, mut labels: Vec<(String, String)>, value: f64) {
    for (label, value) in &mut labels {
        if (label == "le" && name.ends_with("_bucket")) || label == "quantile" {
            let number: f64 = value.replace("+Inf", "inf").parse().unwrap();
            *value = format!("{number:?}");
        }
    }
    labels.sort_unstable();
    let value = if value.is_nan() {
        f64::NAN
    } else {
        value + 0.0
    }; // one NaN, and no -0
    let known = facts.insert((name.clone(), labels), value.to_bits());
    assert_eq!(known, None, "{name} twice");
}

fn of_text<'a>(samples: impl Iterator<Item = &'a Sample>) -> Facts {
    let mut facts = Facts::new();
    for sample in samples {
        fact(
            &mut facts,
            sample.name.clone(),
            sample.labels.clone(),
            sample.value,
        );
    }
    facts
}

fn of_protobuf(families: &[MetricFamily]) -> Facts {
    let mut facts = Facts::new();
    for family in families {
        let name = family.name.clone().unwrap();
        for metric in &family.metric {
            let labels = |extra: Option<(&str, f64)>| -> Vec<(String, String)> {
                let pair =
                    |pair: &LabelPair| (pair.name.clone().unwrap(), pair.value.clone().unwrap());
                let extra = extra.map(|(label, value)| {
                    (
                        label.to_owned(),
                        format!("{value:?}").replace("inf", "+Inf"),
                    )
                });
                metric.label.iter().map(pair).chain(extra).collect()
            };
            let mut add = |suffix: &str, extra, value| {
                fact(&mut facts, format!("{name}{suffix}"), labels(extra), value);
            };
            let single = metric.counter.as_ref().and_then(|counter| counter.value);
            let single = single.or(metric.gauge.as_ref().and_then(|gauge| gauge.value));
            let single = single.or(metric.untyped.as_ref().and_then(|untyped| untyped.value));
            if let Some(value) = single {
                add("", None, value);
            }
            if let Some(histogram) = &metric.histogram {
                // That of `+Inf` is there only where it has an exemplar.
                let finite = |bucket: &&Bucket| bucket.upper_bound.unwrap().is_finite();
                for bucket in histogram.bucket.iter().filter(finite) {
                    let le = Some(("le", bucket.upper_bound.unwrap()));
                    add("_bucket", le, bucket.cumulative_count.unwrap() as f64);
                }
                let count = histogram.sample_count.unwrap() as f64;
                add("_bucket", Some(("le", f64::INFINITY)), count);
                add("_sum", None, histogram.sample_sum.unwrap());
                add("_count", None, count);
            }
        }
    }
    facts
}

#[track_caller]
fn check_all_say_the_same(registry: &Registry) {
    let text = Exposition::parse(&registry.to_text()).unwrap();
    let openmetrics = Exposition::parse_openmetrics(&registry.to_openmetrics()).unwrap();
    let protobuf = decode(&registry.to_protobuf());

    let of_text = of_text(text.samples());
    let mut of_openmetrics = self::of_text(openmetrics.samples());
    let mut of_protobuf = of_protobuf(&protobuf);
    // What OpenMetrics forbids: a sum that can go down, and then the count.
    for (key, value) in &of_text {
        let (name, _) = key;
        if name.ends_with("_sum") || name.ends_with("_count") {
            of_openmetrics.entry(key.clone()).or_insert(*value);
        }
    }
    // What text forbids: a sum under a negative bound.
    of_protobuf.retain(|(name, _), _| name != "drift_sum");
    assert_eq!(of_openmetrics, of_text);
    assert_eq!(of_protobuf, of_text);

    // Names and HELP texts too, but for the suffix of a counter.
    let names: Vec<_> = text
        .families()
        .map(|family| (family.name.clone(), family.help.clone()))
        .collect();
    let of_protobuf: Vec<_> = protobuf
        .iter()
        .map(|family| (family.name.clone().unwrap(), family.help.clone()))
        .collect();
    assert_eq!(of_protobuf, names);
    let helps: Vec<_> = openmetrics
        .families()
        .map(|family| family.help.clone())
        .collect();
    assert_eq!(
        helps,
        names.into_iter().map(|(_, help)| help).collect::<Vec<_>>()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn text_openmetrics_and_protobuf_say_the_same(values in hostile_values()) {
        check_all_say_the_same(&hostile_registry(&values));
    }
}
