//! What the derive macros expand to keeps out of the way of the caller's own names.

use omtx_metrics::{Histogram, MetricSet, Registry};

/// The name that a caller is most likely to give it.
const BUCKETS: [f64; 2] = [1.0, 2.0];

/// Names of the caller's.
#[derive(MetricSet)]
struct Named {
    /// Buckets from a constant called `BUCKETS`.
    #[metric(buckets = &BUCKETS)]
    observed: Histogram,
}

/// Names that the expansion uses must not be taken by the caller's either.
#[allow(dead_code, non_camel_case_types)]
mod shadows {
    pub(super) struct Option;
    pub(super) mod core {}
}

/// A set beside names of the prelude that mean something else.
mod beside_other_preludes {
    #[allow(unused_imports)]
    use super::shadows::{Option, core};
    use omtx_metrics::{Counter, Family, LabelValue, Labels, MetricSet};

    #[derive(Clone, Copy, LabelValue)]
    pub(super) enum Kind {
        Some,
        None,
    }

    /// Labels called like what the expansion might call its own.
    #[derive(Labels)]
    pub(super) struct KindLabels {
        pub(super) kind: Kind,
        pub(super) rest: bool,
        pub(super) index: bool,
    }

    /// Counted.
    #[derive(MetricSet)]
    pub(super) struct Set {
        /// Counted.
        #[metric(zeroed)]
        pub(super) counted_total: Family<KindLabels, Counter>,
    }
}

#[test]
fn a_constant_of_the_caller_s_can_have_any_name() {
    let registry = Registry::new();
    registry.register::<Named>().unwrap().observed.observe(1.5);
    assert!(registry.to_text().contains("observed_bucket{le=\"2\"} 1\n"));
}

#[test]
fn variants_and_types_of_the_caller_s_can_have_names_of_the_prelude() {
    use beside_other_preludes::{Kind, KindLabels, Set};
    let registry = Registry::new();
    let set = registry.register::<Set>().unwrap();
    assert_eq!(set.counted_total.len(), 8);
    for kind in [Kind::None, Kind::Some] {
        let labels = KindLabels {
            kind,
            rest: true,
            index: false,
        };
        set.counted_total.with(labels).inc();
    }
    let row = "counted_total{kind=\"none\",rest=\"true\",index=\"false\"} 1\n";
    assert!(registry.to_text().contains(row));
}
