//! Our families as the tree that the `prometheus` crate works with, in either of its forms.

use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};

use crate::cell::Reading;
use crate::collector::ForeignFamily;
use crate::encode::Encoder;
use crate::family::Spec;
use crate::label::pairs;
use crate::registry::Entry;
use crate::sample::{Sample, Sink};
use crate::{Kind, Registry};

/// The families of `registry` and of the `library`.
pub(super) fn families(registry: &Registry, library: &[Entry]) -> Vec<MetricFamily> {
    let mut families = Families(Vec::new());
    let own = registry.entries();
    registry.encode(&mut families, [&own, library], &[], |_, _| true);
    families.0
}

/// Builds the tree that the `prometheus` crate works with.
struct Families(Vec<MetricFamily>);

impl Families {
    fn push(
        &mut self,
        spec: &Spec,
        labels: &str,
        state: Option<&str>,
        set: impl FnOnce(&mut Metric),
    ) {
        let state = state.map(|state| (&*spec.state_label, state.into()));
        let all = pairs(&spec.constant_labels)
            .chain(pairs(labels))
            .chain(state);
        let mut metric = Metric::from_label(
            all.map(|(name, value)| {
                let mut pair = LabelPair::default();
                pair.set_name(name.to_owned());
                pair.set_value(value.into_owned());
                pair
            })
            .collect(),
        );
        set(&mut metric);
        if let Some(family) = self.0.last_mut() {
            family.mut_metric().push(metric);
        }
    }
}

impl Encoder for Families {
    fn as_sink(&mut self) -> &mut dyn Sink {
        self
    }

    fn foreign(&mut self, _: &ForeignFamily) {} // of collectors, which are not asked
}

impl Sink for Families {
    fn family(&mut self, spec: &Spec) {
        let mut family = MetricFamily::default();
        family.set_name(spec.name.to_string());
        family.set_help(spec.help.to_string());
        family.set_field_type(match spec.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Histogram => MetricType::HISTOGRAM,
            Kind::Summary => MetricType::SUMMARY,
            Kind::Gauge | Kind::Info | Kind::StateSet | Kind::Unknown => MetricType::GAUGE,
        });
        self.0.push(family);
    }

    #[allow(clippy::cast_precision_loss)] // the tree has f64 only
    fn series(&mut self, spec: &Spec, labels: &str, sample: Sample<'_>) {
        let number = |value: f64| {
            move |metric: &mut Metric| {
                if spec.kind == Kind::Counter {
                    let mut counter = Counter::default();
                    counter.set_value(value);
                    metric.set_counter(counter);
                } else {
                    let mut gauge = Gauge::default();
                    gauge.set_value(value);
                    metric.set_gauge(gauge);
                }
            }
        };
        match sample.reading {
            Reading::Counter(value) => self.push(spec, labels, None, number(value as f64)),
            Reading::IntGauge(value) => self.push(spec, labels, None, number(value as f64)),
            Reading::CounterF64(value) | Reading::Gauge(value) => {
                self.push(spec, labels, None, number(value))
            }
            Reading::Histogram {
                bounds,
                buckets,
                sum,
                ..
            } => {
                let mut cumulative = 0_u64;
                let mut histogram = Histogram::default();
                let finite = bounds.upper().iter().zip(buckets).map(|(upper, count)| {
                    cumulative += count;
                    let mut bucket = Bucket::default();
                    bucket.set_upper_bound(*upper);
                    bucket.set_cumulative_count(cumulative);
                    bucket
                });
                histogram.set_bucket(finite.collect());
                histogram.set_sample_count(buckets.iter().sum());
                histogram.set_sample_sum(sum);
                self.push(spec, labels, None, |metric| metric.set_histogram(histogram));
            }
            Reading::States { mask, states } => {
                for (index, state) in states.iter().enumerate() {
                    self.push(
                        spec,
                        labels,
                        Some(state),
                        number((mask >> index & 1) as f64),
                    );
                }
            }
        }
    }
}
