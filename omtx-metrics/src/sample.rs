//! The seam between families and encoders: one call per series.

use crate::Kind;
use crate::cell::{Exemplars, Metric, Reading, Scratch, Wants};
use crate::family::Spec;
use crate::time::Timestamp;

/// Takes the series of one family after another.
pub(crate) trait Sink {
    /// What the sink shows beyond plain values. Asked once per family.
    fn wants(&self) -> Wants {
        Wants::default()
    }

    /// A family begins. Not called for families without series.
    fn family(&mut self, spec: &Spec);

    /// One series of the family that began last. `labels` are escaped pairs, without constant labels.
    fn series(&mut self, spec: &Spec, labels: &str, sample: Sample<'_>);

    /// The family that began last is complete.
    fn family_end(&mut self, _: &Spec) {}
}

/// One series at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) reading: Reading<'a>,
    /// When the series began to count, or began again; `None` if the sink does not want it, or the kind counts nothing.
    pub(crate) created: Option<Timestamp>,
    /// Empty if the sink does not want them.
    pub(crate) exemplars: Exemplars<'a>,
}

/// Hands the series of one family to a [`Sink`].
#[doc(hidden)]
pub struct Samples<'a> {
    spec: &'a Spec,
    sink: &'a mut dyn Sink,
    wants: Wants,
    scratch: &'a mut Scratch,
    begun: bool,
}

impl<'a> Samples<'a> {
    pub(crate) fn new(spec: &'a Spec, sink: &'a mut dyn Sink, scratch: &'a mut Scratch) -> Self {
        Self {
            spec,
            wants: sink.wants(),
            sink,
            scratch,
            begun: false,
        }
    }

    /// A cell without labels, which has counted since its family was registered.
    pub(crate) fn single<M: Metric>(&mut self, metric: &M) {
        self.series("", metric, self.spec.created);
    }

    #[inline]
    pub(crate) fn series<M: Metric>(&mut self, labels: &str, metric: &M, created: Timestamp) {
        if !self.begun {
            self.begun = true;
            self.sink.family(self.spec);
        }
        let Scratch { values, exemplars } = &mut *self.scratch;
        exemplars.clear();
        if self.wants.exemplars {
            metric.exemplars(exemplars);
        }
        let counts = self.wants.created && matches!(M::KIND, Kind::Counter | Kind::Histogram);
        let reading = metric.read(self.wants, values);
        let reset = match reading {
            Reading::Histogram { reset, .. } => reset,
            _ => None,
        };
        let sample = Sample {
            reading,
            created: counts.then_some(reset.unwrap_or(created)),
            exemplars: exemplars.read(),
        };
        self.sink.series(self.spec, labels, sample);
    }

    /// To be called once, behind the last series.
    pub(crate) fn finish(self) {
        if self.begun {
            self.sink.family_end(self.spec);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{Counter, Gauge, Histogram, Labels, MetricSet, NativeBuckets, Registry};
    use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};

    /// Writes down what it is given.
    struct Recorded {
        wants: Wants,
        lines: Vec<String>,
    }

    impl Sink for Recorded {
        fn wants(&self) -> Wants {
            self.wants
        }

        fn family(&mut self, _: &Spec) {}

        fn series(&mut self, spec: &Spec, labels: &str, sample: Sample<'_>) {
            let mut line = format!("{}{{{labels}}}", spec.name);
            if let Some(created) = sample.created {
                line += &format!(" created {}", created.millis());
            }
            if let Reading::Histogram {
                native: Some(native),
                ..
            } = sample.reading
            {
                line += &format!(" native {:?}", native.positive);
            }
            for exemplar in sample.exemplars.iter() {
                let at = exemplar.at.millis();
                line += &format!(
                    " # {} {{{}}} {} {at}",
                    exemplar.bucket, exemplar.labels, exemplar.value
                );
            }
            self.lines.push(line);
        }
    }

    fn collect(registry: &Registry, wants: Wants) -> Vec<String> {
        let mut sink = Recorded {
            wants,
            lines: Vec::new(),
        };
        for entry in registry.entries().iter() {
            entry.collect(&mut sink, &mut Scratch::default());
        }
        sink.lines
    }

    const ALL: Wants = Wants {
        native: true,
        exemplars: true,
        created: true,
    };

    fn at<R>(millis: u64, f: impl FnOnce() -> R) -> R {
        crate::time::at(Timestamp::from_millis(millis), f)
    }

    fn trace(flags: TraceFlags) -> TraceContext {
        TraceContext::new(TraceId::new(10).unwrap(), SpanId::new(11).unwrap(), flags)
    }

    #[derive(Labels)]
    #[labels(crate = crate)]
    struct ShopLabels<'a> {
        shop: &'a str,
    }

    /// A shop.
    #[derive(MetricSet)]
    #[metrics(crate = crate)]
    struct Shop {
        /// Orders.
        orders_total: crate::Family<ShopLabels<'static>, Counter>,
        /// Shelves.
        shelves: Gauge,
        /// Time to serve.
        #[metric(buckets = [1.0, 2.0], native = 2.0, exemplars)]
        time_to_serve: Histogram,
        /// Weight of an order.
        #[metric(native = NativeBuckets::new().factor(2.0).without_classic(), exemplars)]
        weight: Histogram,
    }

    #[test]
    fn a_sink_is_given_what_it_wants_and_no_more() {
        let registry = Registry::new();
        let shop = at(1, || registry.register::<Shop>()).unwrap();
        let orders = at(2, || shop.orders_total.handle(ShopLabels { shop: "a" }));
        at(3, || {
            orders.add_with_exemplar(2, &[("order", "17")]);
            shop.time_to_serve
                .observe_with_exemplar(4.0, &[("till", "1")]);
        });
        assert_eq!(
            collect(&registry, Wants::default()),
            [
                "orders_total{shop=\"a\"}",
                "shelves{}",
                "time_to_serve{}",
                "weight{}"
            ]
        );
        assert_eq!(
            collect(&registry, ALL),
            [
                "orders_total{shop=\"a\"} created 2 # 0 {order=\"17\"} 2 3",
                "shelves{}",
                "time_to_serve{} created 1 native [(2, 1)] # 2 {till=\"1\"} 4 3",
                "weight{} created 1 native []",
            ]
        );
    }

    #[test]
    fn observations_in_a_sampled_trace_leave_exemplars() {
        let registry = Registry::new();
        let shop = at(1, || registry.register::<Shop>()).unwrap();
        let observe = |value| {
            shop.time_to_serve.observe(value);
            shop.weight.observe(value);
        };
        at(2, || {
            observe(0.5);
            trace(TraceFlags::default()).in_scope(|| observe(0.6));
            trace(TraceFlags::SAMPLED).in_scope(|| {
                // What is not a number is in no bucket, and no example of one.
                [f64::NAN, 0.7, 0.8, 3.0].into_iter().for_each(&observe);
            });
        });
        let ids = "trace_id=\"0000000000000000000000000000000a\",span_id=\"000000000000000b\"";
        // Classic buckets have one each, the first; without them there is one for each doubling.
        assert_eq!(
            collect(&registry, ALL)[1..],
            [
                format!(
                    "time_to_serve{{}} created 1 native [(-1, 1), (0, 3), (2, 1)] # 0 {{{ids}}} 0.7 2 # 2 {{{ids}}} 3 2"
                ),
                format!(
                    "weight{{}} created 1 native [(-1, 1), (0, 3), (2, 1)] # 0 {{{ids}}} 0.7 2 # 0 {{{ids}}} 3 2"
                ),
            ]
        );
    }

    #[test]
    fn a_row_that_returns_to_a_snapshot_has_a_new_created_timestamp() {
        /// Mounts.
        #[derive(MetricSet)]
        #[metrics(crate = crate)]
        struct Mounts {
            /// Bytes read.
            read_bytes_total: crate::Snapshot<ShopLabels<'static>, crate::CounterF64>,
        }
        let registry = Registry::new();
        let mounts = registry.register::<Mounts>().unwrap();
        let replace = |millis, shops: &[&'static str]| {
            at(millis, || {
                mounts.read_bytes_total.replace(|rows| {
                    for shop in shops {
                        rows.with(ShopLabels { shop });
                    }
                });
            });
            collect(&registry, ALL)
        };
        let row = |shop, created| format!("read_bytes_total{{shop=\"{shop}\"}} created {created}");
        assert_eq!(replace(1, &["a"]), [row("a", 1)]);
        assert_eq!(replace(2, &["a", "b"]), [row("a", 1), row("b", 2)]);
        assert_eq!(replace(3, &["b"]), [row("b", 2)]);
        assert_eq!(replace(4, &["a", "b"]), [row("a", 4), row("b", 2)]);
    }
}
