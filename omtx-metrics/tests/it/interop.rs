//! Beside the `prometheus` crate: both ways, and both ways at once.

use omtx_metrics::testing::{Exposition, assert_same};
use omtx_metrics::{
    Counter, CounterF64, Exporter, Family, Gauge, Histogram, Info, IntGauge, LabelValue, Labels,
    MetricSet, Registry, StateSet,
};
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Metric, MetricFamily, MetricType};
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, TextEncoder};
use proptest::prelude::*;

#[derive(Clone, Copy, LabelValue)]
enum State {
    Up,
    Down,
}

#[derive(Clone, Copy, Labels)]
struct AbLabels<'a> {
    a: &'a str,
    b: &'a str,
}

/// One of each.
#[derive(MetricSet)]
struct Everything {
    /// Counted.
    counted_total: Family<AbLabels<'static>, Counter>,
    /// Seconds.
    cpu_seconds_total: CounterF64,
    /// Degrees.
    temperature_celsius: Gauge,
    /// Depth.
    depth: IntGauge,
    /// Observed.
    #[metric(buckets = [0.5, 1.0])]
    observed_seconds: Family<AbLabels<'static>, Histogram>,
    /// What it is.
    thing_info: Family<AbLabels<'static>, Info>,
    /// How it is.
    #[metric(state = "is")]
    thing_state: StateSet<State>,
}

fn fill(registry: &Registry) -> std::sync::Arc<Everything> {
    let all = registry.register::<Everything>().unwrap();
    let labels = AbLabels {
        a: "x\"\\\n,=",
        b: "",
    };
    all.counted_total.with(labels).add(7);
    all.cpu_seconds_total.add(1.25);
    all.temperature_celsius.set(-3.5);
    all.depth.set(-2);
    all.observed_seconds.with(labels).observe(0.75);
    all.observed_seconds.with(labels).observe(3.0);
    all.thing_info.with(labels);
    all.thing_state.set(State::Down);
    all
}

/// What `theirs` gathers, but for the library's own families, which `to_text` does not show either.
fn gathered(theirs: &prometheus::Registry) -> Exposition {
    let mut families = theirs.gather();
    families.retain(|family| !family.name().starts_with("omtx_"));
    Exposition::parse(&TextEncoder::new().encode_to_string(&families).unwrap()).unwrap()
}

fn ours(registry: &Registry) -> Exposition {
    Exposition::parse(&registry.to_text()).unwrap()
}

#[test]
fn their_registry_shows_our_families_with_the_same_values() {
    let registry = Registry::builder()
        .namespace("shop")
        .constant_label("zone", "a\\b")
        .build()
        .unwrap();
    fill(&registry);
    let theirs = prometheus::Registry::new();
    theirs
        .register(Box::new(registry.prometheus_collector()))
        .unwrap();
    assert_same(&ours(&registry), &gathered(&theirs));
}

#[test]
fn what_was_lost_shows_up_in_their_registry_too() {
    let registry = Registry::builder().max_series(1).build().unwrap();
    let all = registry.register::<Everything>().unwrap();
    for a in ["x", "y", "z"] {
        all.counted_total.with(AbLabels { a, b: "" }).inc();
    }
    let theirs = prometheus::Registry::new();
    theirs
        .register(Box::new(registry.prometheus_collector()))
        .unwrap();
    let text = TextEncoder::new()
        .encode_to_string(&theirs.gather())
        .unwrap();
    assert!(text.contains("omtx_series_dropped_total{family=\"counted_total\"} 2\n"));
}

#[test]
fn families_registered_later_show_up_too() {
    let registry = Registry::new();
    let theirs = prometheus::Registry::new();
    theirs
        .register(Box::new(registry.prometheus_collector()))
        .unwrap();
    fill(&registry);
    assert_same(&ours(&registry), &gathered(&theirs));
}

#[test]
fn a_second_bridge_to_the_same_registry_is_refused() {
    let registry = Registry::new();
    let theirs = prometheus::Registry::new();
    theirs
        .register(Box::new(registry.prometheus_collector()))
        .unwrap();
    let refused = theirs.register(Box::new(registry.prometheus_collector()));
    assert!(
        matches!(refused, Err(prometheus::Error::AlreadyReg)),
        "{refused:?}"
    );
    theirs
        .register(Box::new(Registry::new().prometheus_collector()))
        .unwrap();
}

/// One of each that the `prometheus` crate can make.
fn theirs() -> prometheus::Registry {
    let registry = prometheus::Registry::new();
    let counted = IntCounterVec::new(
        Opts::new("their_counted_total", "Help with \\ and \"."),
        &["a", "b"],
    )
    .unwrap();
    counted.with_label_values(&["x\"\\\n,=", ""]).inc_by(7);
    let measured = GaugeVec::new(Opts::new("their_measured", "Measured."), &["a"]).unwrap();
    measured.with_label_values(&["nan"]).set(f64::NAN);
    let opts = HistogramOpts::new("their_observed", "Observed.").buckets(vec![0.5, 1.0]);
    let observed = HistogramVec::new(opts, &["a"]).unwrap();
    observed.with_label_values(&["x"]).observe(0.75);
    observed.with_label_values(&["x"]).observe(9.0);
    registry.register(Box::new(counted)).unwrap();
    registry.register(Box::new(measured)).unwrap();
    registry.register(Box::new(observed)).unwrap();
    registry
}

#[test]
fn our_exposition_shows_their_families_with_the_same_values() {
    let theirs = theirs();
    let registry = Registry::new();
    registry
        .register_prometheus("theirs", theirs.clone())
        .unwrap();
    assert_same(&ours(&registry), &gathered(&theirs));
}

/// A collector of a row that only hand-written collectors have.
struct Untyped(prometheus::IntGauge);

impl Collector for Untyped {
    fn desc(&self) -> Vec<&Desc> {
        self.0.desc()
    }

    #[allow(deprecated)] // the plain form means to lose the type
    fn collect(&self) -> Vec<MetricFamily> {
        let mut family = self.0.collect().remove(0);
        family.set_field_type(MetricType::UNTYPED);
        let mut untyped = prometheus::proto::Untyped::default();
        untyped.set_value(2.5);
        let mut metric = Metric::default();
        #[cfg(feature = "prometheus-protobuf")]
        {
            metric.untyped = Some(untyped).into();
        }
        #[cfg(not(feature = "prometheus-protobuf"))]
        metric.set_untyped(untyped);
        family.set_metric(vec![metric]);
        vec![family]
    }
}

#[test]
fn untyped_rows_of_theirs_are_shown_as_such() {
    let theirs = prometheus::Registry::new();
    let gauge = prometheus::IntGauge::new("legacy", "Somebody else's.").unwrap();
    theirs.register(Box::new(Untyped(gauge))).unwrap();
    let registry = Registry::new();
    registry.register_prometheus("theirs", theirs).unwrap();
    assert_eq!(
        registry.to_text(),
        "# HELP legacy Somebody else's.\n# TYPE legacy untyped\nlegacy 2.5\n"
    );
    assert_eq!(errors(&registry, "theirs"), 0.0);
}

/// The `prometheus` crate's own encoder writes `inf`, which Prometheus reads and the format does not know.
#[test]
fn their_infinities_are_spelled_as_the_format_asks() {
    let theirs = prometheus::Registry::new();
    let gauge = prometheus::Gauge::new("limit", "Limit.").unwrap();
    gauge.set(f64::INFINITY);
    theirs.register(Box::new(gauge)).unwrap();
    let registry = Registry::new();
    registry.register_prometheus("theirs", theirs).unwrap();
    assert!(registry.to_text().ends_with("limit +Inf\n"));
}

#[test]
fn both_ways_at_once_doubles_nothing() {
    let registry = Registry::new();
    fill(&registry);
    let alone = ours(&registry);
    let theirs = prometheus::Registry::new();
    theirs
        .register(Box::new(registry.prometheus_collector()))
        .unwrap();
    registry
        .register_prometheus("theirs", theirs.clone())
        .unwrap();
    assert_same(&alone, &ours(&registry));
    assert_same(&alone, &gathered(&theirs));
    assert_eq!(errors(&registry, "theirs"), 0.0);
}

#[test]
fn where_both_have_a_family_ours_wins_and_the_collision_is_counted() {
    let registry = Registry::new();
    registry
        .family::<(), Counter>("shared_total", "Ours.")
        .register()
        .unwrap()
        .with(())
        .add(1);
    let theirs = prometheus::Registry::new();
    let counter = prometheus::IntCounter::new("shared_total", "Theirs.").unwrap();
    counter.inc_by(99);
    theirs.register(Box::new(counter)).unwrap();
    registry.register_prometheus("theirs", theirs).unwrap();
    assert_eq!(
        registry.to_text(),
        "# HELP shared_total Ours.\n# TYPE shared_total counter\nshared_total 1\n"
    );
    assert_eq!(errors(&registry, "theirs"), 1.0);
}

#[test]
fn the_default_registry_of_the_prometheus_crate_can_be_shown() {
    let counter =
        prometheus::register_int_counter!("from_the_default_registry_total", "A global.").unwrap();
    counter.inc();
    let registry = Registry::new();
    registry
        .register_prometheus("default", prometheus::default_registry().clone())
        .unwrap();
    assert_eq!(
        ours(&registry).read("from_the_default_registry_total", &[]),
        Some(1.0)
    );
}

fn errors(registry: &Registry, collector: &str) -> f64 {
    let scrape = Exporter::new(registry).scrape().into_body();
    let read = Exposition::parse(std::str::from_utf8(&scrape).unwrap()).unwrap();
    read.read("omtx_collector_errors_total", &[("collector", collector)])
        .unwrap()
}

proptest! {
    /// The `prometheus` crate hashes label values without a separator: there, ("ab","c") and ("a","bc") are one series.
    #[test]
    fn label_sets_that_the_prometheus_crate_would_merge_stay_apart(text in "[a-c\"\\\\\n,=]{1,8}", at in 0..8_usize, other in 0..8_usize) {
        let split = |at: usize| {
            let at = at.min(text.len());
            AbLabels { a: &text[..at], b: &text[at..] }
        };
        let registry = Registry::new();
        let all = registry.register::<Everything>().unwrap();
        all.counted_total.with(split(at)).add(1);
        all.counted_total.with(split(other)).add(10);
        let same = at.min(text.len()) == other.min(text.len());
        prop_assert_eq!(all.counted_total.len(), if same { 1 } else { 2 });

        let theirs = prometheus::Registry::new();
        theirs.register(Box::new(registry.prometheus_collector())).unwrap();
        assert_same(&ours(&registry), &gathered(&theirs));
        let labels = split(at);
        let expected = if same { 11.0 } else { 1.0 };
        prop_assert_eq!(gathered(&theirs).read("counted_total", &[("a", labels.a), ("b", labels.b)]), Some(expected));
    }
}
