//! Prometheus protobuf: whole messages, read by decoders of the official schema.

mod engine;
pub(crate) mod schema;

use omtx_metrics::{Registry, Rows};

use crate::kinds::filled;
use schema::{LabelPair, Metric, MetricFamily, MetricType, Value, decode};

fn pair(name: &str, value: &str) -> LabelPair {
    LabelPair {
        name: Some(name.to_owned()),
        value: Some(value.to_owned()),
    }
}

fn labels(pairs: &[(&str, &str)]) -> Vec<LabelPair> {
    pairs
        .iter()
        .map(|(name, value)| pair(name, value))
        .collect()
}

#[track_caller]
fn family(registry: &Registry, name: &str) -> MetricFamily {
    let families = decode(&registry.to_protobuf());
    let found = families
        .into_iter()
        .find(|family| family.name.as_deref() == Some(name));
    found.unwrap_or_else(|| panic!("no family {name}"))
}

fn number(value: f64) -> Option<Value> {
    Some(Value { value: Some(value) })
}

#[test]
fn every_kind_has_its_type_and_every_family_its_metadata() {
    let registry = Registry::new();
    filled(&registry);
    let families = decode(&registry.to_protobuf());
    let heads: Vec<_> = families
        .iter()
        .map(|family| {
            let kind = MetricType::try_from(family.r#type.unwrap()).unwrap();
            (
                family.name.as_deref().unwrap(),
                kind,
                family.unit.as_deref(),
                family.metric.len(),
            )
        })
        .collect();
    use MetricType::{Counter, Gauge, Histogram, Untyped};
    assert_eq!(
        heads,
        [
            ("answer_seconds", Histogram, Some("seconds"), 1),
            ("build_info", Gauge, None, 1),
            ("clock_drift", Histogram, None, 1),
            ("energy_joules_total", Counter, Some("joules"), 1),
            ("jobs_ended_total", Counter, None, 2),
            ("jobs_started_total", Counter, None, 1),
            ("legacy_value", Untyped, None, 1),
            ("queue_depth", Gauge, None, 1),
            ("request_duration_seconds", Histogram, Some("seconds"), 3),
            ("room_temperature_celsius", Gauge, Some("celsius"), 1),
            ("service_phase", Gauge, None, 2),
        ],
    );
    // Unlike in text, nothing is escaped.
    let legacy = family(&registry, "legacy_value");
    assert_eq!(
        legacy.help.as_deref(),
        Some(r#"What a dashboard calls it: `\` and "quotes"."#)
    );
    assert!(
        legacy.metric[0]
            .untyped
            .as_ref()
            .unwrap()
            .value
            .unwrap()
            .is_nan()
    );
}

#[test]
fn series_carry_constant_labels_their_own_and_their_state() {
    let registry = Registry::builder()
        .namespace("omtx_hub")
        .constant_label("region", "eu\"west\\1\n")
        .constant_label("zone", "a")
        .build()
        .unwrap();
    filled(&registry);
    let phases = family(&registry, "omtx_hub_service_phase");
    let phase = |phase, holds| Metric {
        label: labels(&[("region", "eu\"west\\1\n"), ("zone", "a"), ("phase", phase)]),
        gauge: number(holds),
        ..Metric::default()
    };
    assert_eq!(
        phases.metric,
        [phase("starting", 0.0), phase("serving", 1.0)]
    );

    let ended = family(&registry, "omtx_hub_jobs_ended_total");
    assert_eq!(
        ended.metric[1].label,
        labels(&[
            ("region", "eu\"west\\1\n"),
            ("zone", "a"),
            ("outcome", "timed_out")
        ])
    );
    assert_eq!(ended.metric[1].counter.as_ref().unwrap().value, Some(1.0));
}

#[test]
fn classic_histograms_have_cumulative_buckets_with_finite_bounds() {
    let registry = Registry::new();
    filled(&registry);
    let answer = family(&registry, "answer_seconds");
    let histogram = answer.metric[0].histogram.clone().unwrap();
    let buckets: Vec<_> = histogram
        .bucket
        .iter()
        .map(|bucket| {
            (
                bucket.upper_bound.unwrap(),
                bucket.cumulative_count.unwrap(),
            )
        })
        .collect();
    assert_eq!(buckets, [(0.1, 2), (1.0, 2), (2_000_000.0, 3)]);
    assert_eq!(
        (histogram.sample_count, histogram.sample_sum),
        (Some(4), Some(3.15))
    );
    assert_eq!((histogram.schema, histogram.positive_span), (None, vec![]));

    // No line of text is kept from being read as a counter here: the sum is shown even where it can go down.
    let drift = family(&registry, "clock_drift");
    let histogram = drift.metric[0].histogram.as_ref().unwrap();
    assert_eq!(
        (histogram.sample_count, histogram.sample_sum),
        (Some(2), Some(-1.5))
    );
}

#[test]
fn rows_of_collectors_are_there_under_their_own_names() {
    let registry = Registry::new();
    let rows = |rows: &mut Rows| {
        rows.gauge("pool_connections", "Connections \\ by\nstate.")
            .row(&[("state", "a\\b\n\"c\"")], f64::INFINITY)
            .row(&[], -1.5e-300);
        rows.counter("pool_waits_total", "Waits.")
            .row(&[("pool", "é😀")], 3.0);
        rows.unknown("pool_other", "Something.").row(&[], 2.0);
    };
    registry.register_collector("pool", rows).unwrap();

    let connections = family(&registry, "pool_connections");
    assert_eq!(
        connections.help.as_deref(),
        Some("Connections \\ by\nstate.")
    );
    assert_eq!(
        connections.metric[0].label,
        labels(&[("state", "a\\b\n\"c\"")])
    );
    assert_eq!(connections.metric[0].gauge, number(f64::INFINITY));
    assert_eq!(connections.metric[1].gauge, number(-1.5e-300));
    let waits = family(&registry, "pool_waits_total");
    assert_eq!(waits.metric[0].label, labels(&[("pool", "é😀")]));
    assert_eq!(waits.metric[0].counter.as_ref().unwrap().value, Some(3.0));
    assert_eq!(
        family(&registry, "pool_other").metric[0].untyped,
        number(2.0)
    );
}

#[test]
fn an_empty_registry_is_no_bytes() {
    assert!(Registry::new().to_protobuf().is_empty());
}

#[test]
fn families_of_every_length_are_delimited() {
    let registry = Registry::new();
    let rows = |rows: &mut Rows| {
        for lines in [1, 10, 100, 1_000, 10_000] {
            for line in 0..lines {
                let label = format!("{line}");
                rows.gauge(&format!("lines_{lines}"), "Lines.")
                    .row(&[("line", &label)], 1.0);
            }
        }
    };
    registry.register_collector("long", rows).unwrap();
    for _ in 0..2 {
        let sizes: Vec<usize> = decode(&registry.to_protobuf())
            .iter()
            .map(|family| family.metric.len())
            .collect();
        assert_eq!(sizes, [1, 10, 100, 1_000, 10_000]);
    }
}
