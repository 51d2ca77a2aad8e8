//! The label that carries a state set's states.

use omtx_metrics::{LabelValue, MetricSet, Registry, SetOptions, StateSet};

#[derive(Clone, Copy, LabelValue)]
enum Power {
    On,
    Off,
}

/// One with a label of its own, one without.
#[derive(MetricSet)]
struct Lamp {
    /// Named by the declaration.
    #[metric(state = "is")]
    lamp_power: StateSet<Power>,
    /// Not named.
    lamp_state: StateSet<Power>,
}

#[track_caller]
fn check(options: SetOptions, expected: &[&str]) {
    let registry = Registry::builder().namespace("home").build().unwrap();
    let lamp = registry.register_with::<Lamp>(options).unwrap();
    lamp.lamp_power.set(Power::On);
    lamp.lamp_state.set(Power::Off);
    let text = registry.to_text();
    let rows: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows, expected);
}

/// OpenMetrics 1.0, "StateSet": the label's name is the family's.
#[test]
fn without_a_name_of_its_own_it_is_called_like_the_family_prefix_included() {
    check(
        SetOptions::new(),
        &[
            "home_lamp_power{is=\"on\"} 1",
            "home_lamp_power{is=\"off\"} 0",
            "home_lamp_state{home_lamp_state=\"on\"} 0",
            "home_lamp_state{home_lamp_state=\"off\"} 1",
        ],
    );
}

#[test]
fn it_can_be_renamed_like_any_other_label() {
    check(
        SetOptions::new()
            .bare()
            .rename("lamp_state", "lamp_mode")
            .rename_label("is", "power")
            .rename_label("lamp_state", "mode"),
        &[
            "lamp_mode{mode=\"on\"} 0",
            "lamp_mode{mode=\"off\"} 1",
            "lamp_power{power=\"on\"} 1",
            "lamp_power{power=\"off\"} 0",
        ],
    );
}
