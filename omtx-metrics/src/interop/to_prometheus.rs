//! Our families in a `prometheus::Registry`.

use std::collections::HashMap;
use std::fmt;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::gathering;
#[cfg(feature = "prometheus-protobuf")]
use super::messages::families;
#[cfg(not(feature = "prometheus-protobuf"))]
use super::tree::families;
use crate::Registry;

/// All families of a [`Registry`] as one collector of the `prometheus` crate.
///
/// Made by [`Registry::prometheus_collector`]. Families that are registered later show up as well.
pub struct PrometheusCollector {
    registry: Registry,
    /// Families here come and go, so the one description is of the bridge itself. It keeps a second bridge to the same
    /// registry out, which would double every row.
    bridge: Option<Desc>,
}

impl Registry {
    /// All families of this registry, and the library's own, to be registered in a `prometheus::Registry`.
    ///
    /// The `prometheus` registry refuses a second collector of the same registry of ours (`AlreadyReg`).
    #[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
    #[must_use]
    pub fn prometheus_collector(&self) -> PrometheusCollector {
        let labels = HashMap::from([("registry".to_owned(), format!("{:x}", self.id()))]);
        PrometheusCollector {
            registry: self.clone(),
            bridge: Desc::new(
                "omtx_metrics_bridge".into(),
                "Families of omtx-metrics.".into(),
                vec![],
                labels,
            )
            .ok(),
        }
    }
}

impl Collector for PrometheusCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.bridge.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        if gathering::is_asking(self.registry.id()) {
            return Vec::new();
        }
        self.registry.refresh();
        // The losses too: a service that is scraped this way only must be able to see them.
        let library = self.registry.library().entries(&self.registry);
        families(&self.registry, &library)
    }
}

impl fmt::Debug for PrometheusCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusCollector")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}
