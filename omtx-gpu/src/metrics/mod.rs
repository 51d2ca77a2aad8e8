//! What a scrape shows of the devices: `gpu_*`, in base units, keyed by UUID.
//!
//! Where each value comes from, and in which unit NVML has it, stands at its family in [`GpuMetrics`].
//!
//! ```text
//! omtx_hub_gpu_collector_state{state="absent"} 0
//! omtx_hub_gpu_collector_state{state="up"} 1
//! omtx_hub_gpu_collector_state{state="stuck"} 0
//! omtx_hub_gpu_collector_state{state="lost"} 0
//! omtx_hub_gpu_info{uuid="GPU-5f…",index="0",name="NVIDIA H100 80GB HBM3",driver="550.54.15",cuda="12.4",pci="00000000:17:00.0",mig="disabled",parent=""} 1
//! omtx_hub_gpu_up{uuid="GPU-5f…"} 1
//! omtx_hub_gpu_utilization_ratio{uuid="GPU-5f…"} 0.87
//! omtx_hub_gpu_energy_joules_total{uuid="GPU-5f…"} 81234.5
//! omtx_hub_gpu_throttled{uuid="GPU-5f…",reason="sw_power_cap"} 1
//! ```
//!
//! A dashboard that wants the index or the name joins them:
//! `omtx_hub_gpu_utilization_ratio * on (uuid) group_left (index, name) omtx_hub_gpu_info`.

mod dcgm;
mod families;
mod fill;
mod labels;

pub use dcgm::{DcgmLabels, DcgmMetrics};
pub use families::GpuMetrics;
pub use labels::{
    GpuClockLabels, GpuEccLabels, GpuFanLabels, GpuInfoLabels, GpuLabels, GpuLinkLabels,
    GpuProcessLabels, GpuRemapKind, GpuRemapLabels, GpuRetirementLabels, GpuThresholdLabels,
    GpuXidLabels,
};

use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use omtx_metrics::Registry;

use crate::Error;
use crate::lock::lock;
use crate::shared::{Refresh, Shared};
use crate::snapshot::{GpuDevice, GpuSnapshot};
use crate::state::CollectorState;
use crate::xids::Xids;

/// What the families of a registry show.
pub(crate) struct View<'a> {
    pub(crate) state: CollectorState,
    pub(crate) failures: u64,
    pub(crate) snapshot: &'a GpuSnapshot,
    pub(crate) xids: &'a Xids,
    /// Whether processes are told apart.
    pub(crate) process_memory: bool,
    /// Devices whose readings are young enough.
    pub(crate) fresh: Vec<&'a GpuDevice>,
}

/// One per registry and kind of names.
struct Shown<S> {
    collector: Weak<Shared>,
    set: Arc<S>,
    last: Mutex<Option<Last>>,
}

struct Last {
    snapshot: Arc<GpuSnapshot>,
    xids: Arc<Xids>,
    state: CollectorState,
    failures: u64,
    fresh: Vec<bool>,
}

impl Last {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot)
            && Arc::ptr_eq(&self.xids, &other.xids)
            && (self.state, self.failures) == (other.state, other.failures)
            && self.fresh == other.fresh
    }
}

/// A set that shows a view.
pub(crate) trait Show: Send + Sync + 'static {
    fn show(&self, view: &View<'_>);

    /// Shows that there is no collector any more.
    fn clear(&self);
}

pub(crate) fn register(collector: &Arc<Shared>, registry: &Registry) -> Result<(), Error> {
    let set = registry.register::<GpuMetrics>()?;
    show(collector, registry, set)
}

pub(crate) fn register_dcgm(collector: &Arc<Shared>, registry: &Registry) -> Result<(), Error> {
    let metrics = registry.register::<DcgmMetrics>()?;
    let hostname = dcgm::hostname();
    show(
        collector,
        registry,
        Arc::new(dcgm::Dcgm { metrics, hostname }),
    )
}

/// Brings the set up to date before every scrape. A second time with the same collector changes nothing.
fn show<S: Show>(collector: &Arc<Shared>, registry: &Registry, set: Arc<S>) -> Result<(), Error> {
    let mut new = false;
    let shown = registry.shared(|| {
        new = true;
        Ok(Arc::new(Shown {
            collector: Arc::downgrade(collector),
            set,
            last: Mutex::default(),
        }))
    })?;
    if new {
        shown.refresh(Instant::now());
        let view = Arc::downgrade(&shown);
        collector.add_view(view);
        // What ages without the collector's doing: readings, and calls.
        registry.before_scrape(move || shown.refresh(Instant::now()));
    } else if shown.collector.as_ptr() != Arc::as_ptr(collector) {
        return Err(Error::conflict(
            "the registry shows another collector; expected one per registry",
        ));
    }
    Ok(())
}

/// Forgets what the registry shows; see [`__bench`](crate::__bench).
pub(crate) fn forget(registry: &Registry) {
    let nobody = || {
        Err(omtx_metrics::Registry::builder()
            .max_series(0)
            .build()
            .unwrap_err())
    };
    if let Ok(shown) = registry.shared::<Shown<GpuMetrics>>(nobody) {
        *lock(&shown.last) = None;
    }
}

impl<S: Show> Refresh for Shown<S> {
    /// Reads what the threads have published; calls nobody.
    fn refresh(&self, now: Instant) {
        // Held throughout: two scrapes at once must not undo each other's work.
        let mut last = lock(&self.last);
        let Some(collector) = self.collector.upgrade() else {
            if last.take().is_some() {
                self.set.clear();
            }
            return;
        };
        let snapshot = collector.latest();
        let max_age = collector.options.max_age;
        let fresh = snapshot
            .devices
            .iter()
            .map(|device| device.is_fresh(now, max_age));
        let next = Last {
            fresh: fresh.collect(),
            xids: collector.xids(),
            state: collector.status(now).state,
            failures: collector.failures(),
            snapshot,
        };
        if last.as_ref().is_some_and(|last| last.is(&next)) {
            return;
        }
        let devices = next.snapshot.devices.iter().zip(&next.fresh);
        self.set.show(&View {
            state: next.state,
            failures: next.failures,
            snapshot: &next.snapshot,
            xids: &next.xids,
            process_memory: collector.options.process_memory,
            fresh: devices
                .filter_map(|(device, fresh)| fresh.then_some(device))
                .collect(),
        });
        *last = Some(next);
    }
}
