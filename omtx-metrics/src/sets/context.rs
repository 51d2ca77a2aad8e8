//! What scopes and jobs lost.

use std::sync::{Arc, Mutex};

use omtx_context::Losses;

use crate::lock::lock;
use crate::{Counter, Error, Family, LabelValue, Labels, MetricSet, Registry};

/// What `omtx-context` cut, refused or put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[label(crate = crate)]
#[non_exhaustive]
pub enum ContextLoss {
    /// Values that were longer than a scope keeps.
    ValuesTruncated,
    /// Fields that were malformed, or more than a scope keeps.
    FieldsRefused,
    /// Scopes nested deeper than their limit.
    LayersReplaced,
    /// Guards that outlived the closure or the poll in which they were made.
    GuardsOutlived,
    /// Stages that a job entered while it was told of another.
    StagesRefused,
}

/// Why something of a scope or a job was lost.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct ContextLabels {
    /// What happened to it.
    pub reason: ContextLoss,
}

/// What scopes and jobs lost, in the whole process. A healthy service keeps all of it at 0.
///
/// ```
/// use omtx_context::Scope;
/// use omtx_metrics::{Registry, sets::ContextMetrics};
///
/// let registry = Registry::new();
/// ContextMetrics::expose(&registry)?;
/// let _scope = Scope::root().with("note", "x".repeat(10_000)).build();
/// assert!(registry.to_text().contains(r#"omtx_context_losses_total{reason="values_truncated"} 1"#));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, MetricSet)]
#[metrics(bare, crate = crate)]
#[non_exhaustive]
pub struct ContextMetrics {
    /// Fields, values, guards and stages of scopes and jobs that were cut, refused or put right.
    #[metric(zeroed)]
    pub omtx_context_losses_total: Family<ContextLabels, Counter>,
}

impl ContextMetrics {
    /// Registers the set, and brings it up to date before every scrape.
    ///
    /// # Errors
    ///
    /// If the registry has an `omtx_context_losses_total` that is not ours.
    pub fn expose(registry: &Registry) -> Result<(), Error> {
        let mut new = false;
        let mirror = registry.shared(|| {
            new = true;
            Ok(Arc::new(Mirror {
                metrics: registry.register()?,
                updating: Mutex::new(()),
            }))
        })?;
        if new {
            registry.before_scrape(move || mirror.update());
        }
        Ok(())
    }
}

/// Copies the process's totals into one registry; there is one per registry.
struct Mirror {
    metrics: Arc<ContextMetrics>,
    updating: Mutex<()>,
}

impl Mirror {
    fn update(&self) {
        // Two scrapes at once must not both add what is new.
        let _one_writer = lock(&self.updating);
        let losses = Losses::total();
        for (reason, total) in [
            (ContextLoss::ValuesTruncated, losses.values_truncated),
            (ContextLoss::FieldsRefused, losses.fields_refused),
            (ContextLoss::LayersReplaced, losses.layers_replaced),
            (ContextLoss::GuardsOutlived, losses.guards_outlived),
            (ContextLoss::StagesRefused, losses.stages_refused),
        ] {
            let counter = self
                .metrics
                .omtx_context_losses_total
                .with(ContextLabels { reason });
            counter.add(total.saturating_sub(counter.get()));
        }
    }
}
