//! The edges of the cells: what is not a number, not positive, too large, or cut short by a panic.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use omtx_metrics::testing::Exposition;
use omtx_metrics::{
    Counter, CounterF64, Gauge, Histogram, IntGauge, LabelValue, MetricSet, Registry, StateSet,
};

#[derive(Clone, Copy, LabelValue)]
enum Light {
    Red,
    Amber,
    Green,
}

/// One cell of each kind.
#[derive(MetricSet)]
struct Cells {
    /// Counter.
    whole_total: Counter,
    /// Counter of fractions.
    parts_total: CounterF64,
    /// Gauge.
    level: Gauge,
    /// Gauge of whole things.
    items: IntGauge,
    /// Histogram.
    #[metric(buckets = [1.0, 2.0])]
    size: Histogram,
    /// State set.
    light: StateSet<Light>,
}

fn cells() -> (Registry, std::sync::Arc<Cells>) {
    let registry = Registry::new();
    let cells = registry.register().unwrap();
    (registry, cells)
}

fn read(registry: &Registry) -> Exposition {
    Exposition::parse(&registry.to_text()).unwrap()
}

/// Unwinds as a panic in `f`'s place would, without the message on stderr.
fn panicking(f: impl FnOnce()) {
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        f();
    }));
    assert!(unwound.is_err());
}

#[test]
fn a_counter_wraps_at_its_end_as_a_restart_would() {
    let (registry, cells) = cells();
    cells.whole_total.add(u64::MAX);
    assert!(
        registry
            .to_text()
            .contains("\nwhole_total 18446744073709551615\n")
    );
    cells.whole_total.add(2);
    assert_eq!(cells.whole_total.get(), 1);
}

#[test]
fn a_counter_of_fractions_takes_nothing_that_would_spoil_it() {
    let (_, cells) = cells();
    cells.parts_total.add(1.5);
    for value in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0] {
        cells.parts_total.add(value);
    }
    assert_eq!(cells.parts_total.get(), 1.5);
}

#[test]
fn a_counter_that_mirrors_another_follows_it_through_a_restart() {
    let (_, cells) = cells();
    for (total, expected) in [
        (10.0, 10.0),
        (12.5, 12.5),
        (f64::NAN, 12.5),
        (-1.0, 12.5),
        (0.5, 0.5),
    ] {
        cells.parts_total.mirror(total);
        assert_eq!(cells.parts_total.get(), expected);
    }
}

#[test]
fn a_histogram_counts_what_is_no_number_and_keeps_its_sum() {
    let (registry, cells) = cells();
    for value in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1.0,
        2.0,
        2.5,
        -0.0,
        5e-324,
    ] {
        cells.size.observe(value);
    }
    let exposition = read(&registry);
    for (le, count) in [("1", 4.0), ("2", 5.0), ("+Inf", 8.0)] {
        assert_eq!(
            exposition.read("size_bucket", &[("le", le)]),
            Some(count),
            "{le}"
        );
    }
    assert_eq!(exposition.read("size_sum", &[]), Some(5.5));
    assert_eq!((cells.size.count(), cells.size.sum()), (8, 5.5));
}

#[test]
fn a_timer_counts_a_panic_and_can_be_discarded() {
    let (_, cells) = cells();
    panicking(|| cells.size.time(|| resume_unwind(Box::new("unwinds"))));
    panicking(|| {
        let _timer = Histogram::start_timer(&cells.size);
        resume_unwind(Box::new("unwinds"));
    });
    Histogram::start_timer(&cells.size).discard();
    assert_eq!(cells.size.time(|| 7), 7);
    cells.size.observe_duration(Duration::from_millis(1_500));
    assert_eq!(cells.size.count(), 4);
    assert!(cells.size.sum() >= 1.5);
}

#[test]
fn a_gauge_of_things_in_flight_comes_down_after_a_panic() {
    let (_, cells) = cells();
    panicking(|| {
        let _one = IntGauge::in_flight(&cells.items);
        let _two = IntGauge::in_flight(&cells.items);
        assert_eq!(cells.items.get(), 2);
        resume_unwind(Box::new("unwinds"));
    });
    assert_eq!(cells.items.get(), 0);
}

#[test]
fn gauges_show_every_value_they_were_set_to() {
    let (registry, cells) = cells();
    let large = 9_007_199_254_740_992.0;
    for value in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.5,
        large,
        -f64::MAX,
        5e-324,
    ] {
        cells.level.set(value);
        let shown = read(&registry).read("level", &[]).unwrap();
        assert!(
            shown == value || shown.is_nan() && value.is_nan(),
            "{value}: {shown}"
        );
    }
    cells.level.set_to_current_time();
    assert!(cells.level.get() > 1_600_000_000.0);
    cells.items.set(i64::MIN);
    assert!(
        registry
            .to_text()
            .contains("\nitems -9223372036854775808\n")
    );
}

#[test]
fn a_state_set_shows_exactly_the_states_that_hold() {
    let (registry, cells) = cells();
    let shown = || {
        let exposition = read(&registry);
        ["red", "amber", "green"]
            .map(|light| exposition.read("light", &[("light", light)]).unwrap())
    };
    assert_eq!(shown(), [0.0, 0.0, 0.0]);
    cells.light.set(Light::Red);
    assert_eq!(shown(), [1.0, 0.0, 0.0]);
    cells.light.set_all([Light::Red, Light::Amber]);
    assert_eq!(shown(), [1.0, 1.0, 0.0]);
    assert!(cells.light.is(Light::Amber) && !cells.light.is(Light::Green));
    cells.light.clear();
    assert_eq!(shown(), [0.0, 0.0, 0.0]);
}
