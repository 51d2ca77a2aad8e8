//! Rows of a `prometheus::Registry` in ours.

use std::borrow::Cow;

use prometheus::proto::{Counter, Gauge, Metric, MetricType};

use super::gathering;
use crate::collector::ForeignValue;
use crate::{Error, Kind, Registry, Rows};

impl Registry {
    /// Shows what `theirs` gathers in our expositions, as the collector `name`; `prometheus::default_registry()` works too.
    ///
    /// Our registry's namespace and constant labels are not put on these rows: they are exposed as they come. A panic, a
    /// collector that blocks and rows that cannot be exposed cost those rows only; see [`Collector`](crate::Collector).
    ///
    /// # Errors
    ///
    /// If a collector of this name is registered.
    #[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
    pub fn register_prometheus(
        &self,
        name: impl Into<Cow<'static, str>>,
        theirs: prometheus::Registry,
    ) -> Result<(), Error> {
        let id = self.id();
        self.register_collector(name, move |rows: &mut Rows| {
            for family in gathering::on_behalf_of(id, || theirs.gather()) {
                let kind = match family.get_field_type() {
                    MetricType::COUNTER => Kind::Counter,
                    MetricType::GAUGE => Kind::Gauge,
                    MetricType::HISTOGRAM => Kind::Histogram,
                    MetricType::SUMMARY => Kind::Summary,
                    _ => Kind::Unknown,
                };
                let mut row = rows.family(family.name(), family.help(), kind);
                for metric in family.get_metric() {
                    let labels = metric
                        .get_label()
                        .iter()
                        .map(|pair| (pair.name(), pair.value()));
                    let timestamp = Some(metric.timestamp_ms()).filter(|&timestamp| timestamp != 0);
                    row = row.push(labels, value(metric, kind), timestamp);
                }
            }
        })
    }
}

fn value(metric: &Metric, kind: Kind) -> ForeignValue {
    match kind {
        Kind::Counter => ForeignValue::Number(metric.get_counter().get_value()),
        Kind::Gauge => ForeignValue::Number(metric.get_gauge().get_value()),
        Kind::Histogram => {
            let histogram = metric.get_histogram();
            let buckets = histogram.get_bucket().iter();
            ForeignValue::Histogram {
                buckets: buckets
                    .map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()))
                    // Some collectors list `+Inf`, which the count stands for.
                    .filter(|(bound, _)| *bound != f64::INFINITY)
                    .collect(),
                sum: histogram.get_sample_sum(),
                count: histogram.get_sample_count(),
            }
        }
        Kind::Summary => {
            let summary = metric.get_summary();
            ForeignValue::Summary {
                quantiles: summary
                    .get_quantile()
                    .iter()
                    .map(|quantile| (quantile.quantile(), quantile.value()))
                    .collect(),
                sum: summary.sample_sum(),
                count: summary.sample_count(),
            }
        }
        _ => untyped(metric).map_or(ForeignValue::Missing, ForeignValue::Number),
    }
}

/// The value of an untyped metric.
#[cfg(feature = "prometheus-protobuf")]
fn untyped(metric: &Metric) -> Option<f64> {
    metric.untyped.as_ref()?.value
}

/// The value of an untyped metric. `None` in the generated form, which another crate may have switched on: its field
/// cannot be named where it may be the plain form's, which is private.
#[cfg(not(feature = "prometheus-protobuf"))]
#[allow(deprecated)] // the plain form means to lose the type; nothing else tells its value
fn untyped(metric: &Metric) -> Option<f64> {
    /// The plain form has such a method of its own, which goes before this one.
    #[allow(dead_code)]
    trait GetUntyped {
        fn get_untyped(&self) -> Nothing {
            Nothing
        }
    }
    impl GetUntyped for Metric {}

    #[allow(dead_code)]
    struct Nothing;
    #[allow(dead_code)]
    impl Nothing {
        fn get_value(&self) -> Option<f64> {
            None
        }
    }
    metric.get_untyped().get_value().into()
}

/// Reads a counter's or a gauge's value in both forms of the `prometheus` crate, without knowing which one is built:
/// some other crate may have switched its `protobuf` feature on.
///
/// The plain form has a method `get_value`, the generated one a method `value`. A method of the type itself goes before a
/// trait's, so `get_value` is the plain form's own; or else it is this trait's, which calls the generated form's own
/// `value`.
#[allow(dead_code)]
trait GetValue {
    fn get_value(&self) -> f64;
}

/// Only there so that [`GetValue`]'s body compiles where the type has no `value` of its own. Never called.
#[allow(dead_code)]
trait Value {
    fn value(&self) -> f64;
}

macro_rules! get_value {
    ($($ty:ty),+) => {
        $(
            impl GetValue for $ty {
                fn get_value(&self) -> f64 {
                    self.value()
                }
            }

            impl Value for $ty {
                fn value(&self) -> f64 {
                    self.get_value()
                }
            }
        )+
    };
}

get_value!(Counter, Gauge);
