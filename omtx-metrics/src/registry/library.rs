//! The library's own families: what it lost, and how it was scraped.

use std::sync::{Arc, Mutex};

use super::{Entry, Registry};
use crate::Counter;
use crate::cell::{DropReason, exemplars_dropped};
use crate::collector::{CollectorLabels, CollectorMetrics, FamilyLabels, ReasonLabels};
use crate::lock::lock;

/// The families of the library itself, `omtx_*`: in a registry apart from the application's, so that the application's
/// catalogue and expositions stay the application's.
pub(crate) struct Library {
    registry: Registry,
    losses: Arc<CollectorMetrics>,
    /// Held while the losses are brought up to date: each counter has one writer.
    updating: Mutex<()>,
}

/// Labels of the library's families; a constant label of the application that is called like one is left out there.
const LABELS: [&str; 6] = [
    "format",
    "encoding",
    "code",
    "collector",
    "family",
    "reason",
];

impl Library {
    pub(super) fn new(application: &Registry) -> Self {
        let registry = application.with_same_labels_but(&LABELS);
        let losses = registry
            .register()
            .expect("an empty registry has no family of the name, and none of the labels");
        Self {
            registry,
            losses,
            updating: Mutex::new(()),
        }
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The families, with the losses of `application` as they are now.
    pub(crate) fn entries(&self, application: &Registry) -> Arc<[Entry]> {
        let _one_writer = lock(&self.updating);
        for (collector, errors) in application.collectors().errors() {
            let labels = CollectorLabels {
                collector: &collector,
            };
            raise(
                &self.losses.omtx_collector_errors_total.with(labels),
                errors,
            );
        }
        for entry in application.entries().iter() {
            if let Some(dropped) = entry.dropped() {
                let labels = FamilyLabels {
                    family: &entry.spec().name,
                };
                raise(&self.losses.omtx_series_dropped_total.with(labels), dropped);
            }
        }
        for reason in DropReason::ALL {
            let dropped = exemplars_dropped(reason);
            // Most services never leave an exemplar by hand: they are spared the rows.
            if dropped > 0 {
                let labels = ReasonLabels { reason };
                raise(
                    &self.losses.omtx_exemplars_dropped_total.with(labels),
                    dropped,
                );
            }
        }
        self.registry.entries()
    }
}

fn raise(counter: &Counter, to: u64) {
    counter.add(to.saturating_sub(counter.get()));
}
