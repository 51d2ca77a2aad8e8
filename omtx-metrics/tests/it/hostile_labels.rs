//! Label values that other libraries merge, garble or choke on.

use std::collections::BTreeMap;

use omtx_metrics::testing::{Exposition, Sample};
use omtx_metrics::{Counter, Family, Gauge, LabelValue, Labels, MAX_VALUE_BYTES, Registry, Rows};
use proptest::prelude::*;

#[derive(Clone, Copy, LabelValue)]
enum Side {
    Left,
    Right,
}

#[derive(Labels)]
struct Three<'a> {
    first: &'a str,
    side: Side,
    last: &'a str,
}

#[derive(Labels)]
struct One<'a> {
    value: &'a str,
}

fn three() -> (Registry, std::sync::Arc<Family<Three<'static>, Counter>>) {
    let registry = Registry::new();
    let family = registry.family("x_total", "Counts.").register().unwrap();
    (registry, family)
}

fn read(registry: &Registry) -> Vec<Sample> {
    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    exposition.samples().cloned().collect()
}

#[test]
fn values_that_are_the_same_when_joined_stay_apart() {
    let pairs = [
        ("ab", "c"),
        ("a", "bc"),
        ("", "abc"),
        ("abc", ""),
        (r#"a",last="b"#, "c"),
        (r#"a",side="left",last="b"#, "c"),
        ("a", r#"b",first="c"#),
        (r"a\", "bc"),
        (r"a\\", "bc"),
        (r#"a""#, "bc"),
        (r#"a\""#, "bc"),
        ("a\n", "bc"),
        (r"a\n", "bc"),
        ("a\u{0}", "bc"),
        ("a", "\u{0}bc"),
    ];
    let (registry, family) = three();
    for (index, (first, last)) in pairs.into_iter().enumerate() {
        let side = Side::Left;
        family
            .with(Three { first, side, last })
            .add(index as u64 + 1);
    }
    assert_eq!(family.len(), pairs.len());
    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    for (index, (first, last)) in pairs.into_iter().enumerate() {
        let labels = [("last", last), ("side", "left"), ("first", first)];
        assert_eq!(
            exposition.read("x_total", &labels),
            Some(index as f64 + 1.0)
        );
    }
}

#[test]
fn values_of_every_unicode_plane_round_trip() {
    let registry = Registry::new();
    let family = registry
        .family::<One<'static>, Counter>("x_total", "Counts.")
        .register()
        .unwrap();
    let planes = (0..=16_u32).flat_map(|plane| {
        let at = plane << 16;
        [
            at,
            at + 1,
            at + 0x85,
            at + 0x2028,
            at + 0xE000,
            at + 0xFFFD,
            at + 0xFFFF,
        ]
    });
    let controls = (0..=0x9F_u32).chain([0xAD, 0x200B, 0x202E, 0xFEFF]);
    let values: Vec<String> = planes
        .chain(controls)
        .filter_map(char::from_u32)
        .map(String::from)
        .collect();
    for value in &values {
        family.with(One { value }).inc();
    }
    let mut expected = values;
    expected.sort_unstable();
    expected.dedup();
    let mut found: Vec<String> = read(&registry)
        .iter()
        .map(|sample| sample.label("value").unwrap().to_owned())
        .collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_long_value_is_cut_on_a_character_boundary_and_stays_one_series() {
    let registry = Registry::new();
    let family = registry
        .family::<One<'static>, Counter>("x_total", "Counts.")
        .register()
        .unwrap();
    let longest = "\\".repeat(MAX_VALUE_BYTES);
    let longer = format!("{}é and more", "x".repeat(MAX_VALUE_BYTES - 1));
    let longer_too = format!("{}é, otherwise", "x".repeat(MAX_VALUE_BYTES - 1));
    for value in [&longest, &longer, &longer_too] {
        family.with(One { value }).inc();
    }
    let samples = read(&registry);
    assert_eq!(samples.len(), 2);
    assert_eq!(samples[0].label("value"), Some(&*longest));
    assert_eq!(
        samples[1].label("value").map(str::len),
        Some(MAX_VALUE_BYTES - 1)
    );
    assert!((samples[1].value - 2.0).abs() < f64::EPSILON);
}

#[test]
fn a_hostile_help_text_stays_on_its_line_and_reads_back() {
    let help = "\\ \\n \n# TYPE evil counter\nevil 1\r \"quoted\" {} # \u{0}é😀";
    let registry = Registry::new();
    let family = registry
        .family::<(), Gauge>("ours", help)
        .register()
        .unwrap();
    family.with(()).set(1.0);
    registry
        .register_collector("theirs", move |rows: &mut Rows| {
            rows.gauge("theirs", help).row(&[], 2.0);
        })
        .unwrap();
    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    assert_eq!(exposition.families().count(), 2);
    for name in ["ours", "theirs"] {
        assert_eq!(exposition.family(name).unwrap().help.as_deref(), Some(help));
    }
}

proptest! {
    #[test]
    fn every_set_of_labels_is_its_own_series_and_reads_back(
        sets in prop::collection::vec((hostile(), any::<bool>(), hostile()), 1..60),
    ) {
        let (registry, family) = three();
        let mut expected: BTreeMap<(String, &str, String), f64> = BTreeMap::new();
        for (first, right, last) in &sets {
            let (side, name) = if *right { (Side::Right, "right") } else { (Side::Left, "left") };
            family.with(Three { first, side, last }).inc();
            *expected.entry((first.clone(), name, last.clone())).or_default() += 1.0;
        }
        prop_assert_eq!(family.len(), expected.len());
        let exposition = Exposition::parse(&registry.to_text()).unwrap();
        prop_assert_eq!(exposition.samples().count(), expected.len());
        for ((first, side, last), count) in &expected {
            let labels = [("first", &**first), ("side", *side), ("last", &**last)];
            prop_assert_eq!(exposition.read("x_total", &labels), Some(*count));
        }
    }

    #[test]
    fn collectors_rows_read_back(value in any::<String>(), help in any::<String>(), number in any::<f64>()) {
        let registry = Registry::new();
        let (label, text) = (value.clone(), help.clone());
        registry.register_collector("any", move |rows: &mut Rows| {
            rows.gauge("any", &text).row(&[("value", &label)], number);
        }).unwrap();
        let exposition = Exposition::parse(&registry.to_text()).unwrap();
        let read = exposition.read("any", &[("value", &value)]);
        prop_assert!(read.is_some_and(|read| read == number || read.is_nan() && number.is_nan()));
        // Blanks at the end of a line are not part of a token.
        let read = exposition.family("any").unwrap().help.clone().unwrap();
        prop_assert_eq!(read, help);
    }
}

/// Short texts over what has a meaning in the format, and anything at all.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof!["[a\",={}\\\\\n]{0,5}", any::<String>()]
}
