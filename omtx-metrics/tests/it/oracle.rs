//! The same workload through the `prometheus` crate gives the same samples.

use omtx_metrics::testing::{Exposition, assert_same};
use omtx_metrics::{
    Counter, CounterF64, Family, Gauge, Histogram, IntGauge, Labels, MetricSet, Registry,
};
use prometheus::Encoder as _;
use proptest::prelude::*;

#[derive(Labels)]
struct TwoLabels<'a> {
    a: &'a str,
    b: &'a str,
}

/// What both sides count.
#[derive(MetricSet)]
struct Ours {
    /// A counter.
    c_total: Family<TwoLabels<'static>, Counter>,
    /// A counter of fractions.
    f_total: CounterF64,
    /// A gauge.
    g: Family<TwoLabels<'static>, Gauge>,
    /// A gauge of whole things.
    i: IntGauge,
    /// A histogram.
    #[metric(buckets = [0.005, 0.1, 1.0, 2.5, 1_000_000.0])]
    h: Family<TwoLabels<'static>, Histogram>,
}

struct Theirs {
    registry: prometheus::Registry,
    c: prometheus::IntCounterVec,
    f: prometheus::Counter,
    g: prometheus::GaugeVec,
    i: prometheus::IntGauge,
    h: prometheus::HistogramVec,
}

impl Theirs {
    fn new() -> Self {
        use prometheus::{HistogramOpts, Opts};
        let labels = &["a", "b"];
        let buckets = vec![0.005, 0.1, 1.0, 2.5, 1_000_000.0];
        let all = Self {
            registry: prometheus::Registry::new(),
            c: prometheus::IntCounterVec::new(Opts::new("c_total", "A counter."), labels).unwrap(),
            f: prometheus::Counter::new("f_total", "A counter of fractions.").unwrap(),
            g: prometheus::GaugeVec::new(Opts::new("g", "A gauge."), labels).unwrap(),
            i: prometheus::IntGauge::new("i", "A gauge of whole things.").unwrap(),
            h: prometheus::HistogramVec::new(
                HistogramOpts::new("h", "A histogram.").buckets(buckets),
                labels,
            )
            .unwrap(),
        };
        all.registry.register(Box::new(all.c.clone())).unwrap();
        all.registry.register(Box::new(all.f.clone())).unwrap();
        all.registry.register(Box::new(all.g.clone())).unwrap();
        all.registry.register(Box::new(all.i.clone())).unwrap();
        all.registry.register(Box::new(all.h.clone())).unwrap();
        all
    }

    fn exposition(&self) -> Exposition {
        let mut text = Vec::new();
        prometheus::TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .unwrap();
        Exposition::parse(&String::from_utf8(text).unwrap()).unwrap()
    }
}

#[derive(Debug, Clone)]
enum Step {
    Count(String, String, u64),
    CountF64(f64),
    Set(String, String, f64),
    Add(String, String, f64),
    Go(i64),
    Observe(String, String, f64),
}

/// Values of one length, which the `prometheus` crate keeps apart: it hashes label values without a separator.
fn value() -> impl Strategy<Value = String> {
    "[a-c\"\\\\\n=é]{2}"
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        -1e3..1e3_f64,
        Just(0.1),
        Just(1.0),
        Just(1_000_000.0),
        Just(0.0)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (value(), value(), 0..1_000_u64).prop_map(|(a, b, n)| Step::Count(a, b, n)),
        (0.0..1e6_f64).prop_map(Step::CountF64),
        (value(), value(), number()).prop_map(|(a, b, n)| Step::Set(a, b, n)),
        (value(), value(), number()).prop_map(|(a, b, n)| Step::Add(a, b, n)),
        (-5..5_i64).prop_map(Step::Go),
        (value(), value(), number()).prop_map(|(a, b, n)| Step::Observe(a, b, n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_same_workload_gives_the_same_samples(steps in prop::collection::vec(step(), 0..120)) {
        let registry = Registry::new();
        let ours = registry.register::<Ours>().unwrap();
        let theirs = Theirs::new();
        for step in &steps {
            match step {
                Step::Count(a, b, n) => {
                    ours.c_total.with(TwoLabels { a, b }).add(*n);
                    theirs.c.with_label_values(&[a, b]).inc_by(*n);
                }
                Step::CountF64(value) => {
                    ours.f_total.add(*value);
                    theirs.f.inc_by(*value);
                }
                Step::Set(a, b, value) => {
                    ours.g.with(TwoLabels { a, b }).set(*value);
                    theirs.g.with_label_values(&[a, b]).set(*value);
                }
                Step::Add(a, b, value) => {
                    ours.g.with(TwoLabels { a, b }).add(*value);
                    theirs.g.with_label_values(&[a, b]).add(*value);
                }
                Step::Go(n) => {
                    ours.i.add(*n);
                    theirs.i.add(*n);
                }
                Step::Observe(a, b, value) => {
                    ours.h.with(TwoLabels { a, b }).observe(*value);
                    theirs.h.with_label_values(&[a, b]).observe(*value);
                }
            }
        }
        let ours = Exposition::parse(&registry.to_text()).unwrap();
        assert_same(&ours, &theirs.exposition());
    }
}
