//! GPU costs as an observer of the job life cycle.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use omtx_context::{JobEnd, JobInfo, JobObserver, Scope};
use omtx_metrics::Registry;

use super::ledger::Charge;
use super::metrics::{GpuJobLabels, GpuJobMetrics};
use crate::collector::GpuCollector;
use crate::shared::Shared;
use crate::{Error, GpuSnapshot};

/// The key under which a job's scope names its devices: `gpu`.
pub const DEVICE_KEY: &str = "gpu";
/// The key under which the closing event finds the GPU milliseconds that the job was charged.
pub const DURATION_KEY: &str = "gpu_duration_ms";
/// The key of the energy, in whole joules.
pub const ENERGY_KEY: &str = "gpu_energy_joules";
/// The key of the most memory that was allocated on the job's devices, in bytes.
pub const MEMORY_KEY: &str = "gpu_peak_memory_bytes";
/// The key of the mean utilisation, in whole percent.
pub const UTILIZATION_KEY: &str = "gpu_utilization_percent";

/// Charges jobs for the GPUs that their scope names; see the [module](super).
///
/// At a job's end it sets the keys [`DURATION_KEY`], [`ENERGY_KEY`], [`MEMORY_KEY`] and [`UTILIZATION_KEY`] on the job's scope,
/// as far as they are known, where observers that come *before* it in a tuple find them:
///
/// ```json
/// {"message":"job completed","job_id":"j-1","gpu":"0","gpu_duration_ms":83112,"gpu_energy_joules":34211,"gpu_peak_memory_bytes":21474836480,"gpu_utilization_percent":87}
/// ```
///
/// and counts them by job type in [`GpuJobMetrics`]. Jobs that name no device cost nothing, and are not looked at.
///
/// It does not keep the collector running: once that is dropped, jobs are charged in seconds only.
#[derive(Clone)]
pub struct GpuJobObserver {
    shared: Arc<Shared>,
    metrics: Arc<GpuJobMetrics>,
}

/// What the observer keeps for one job.
#[derive(Debug)]
pub struct GpuJobState {
    /// Its account, while it runs on a device.
    account: Option<u64>,
}

impl GpuJobObserver {
    /// An observer that charges by this collector's samples, and counts in this registry.
    ///
    /// # Errors
    ///
    /// If the registry has a family of one of the names that is not ours.
    pub fn new(collector: &GpuCollector, registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            shared: Arc::clone(&collector.shared),
            metrics: registry.register::<GpuJobMetrics>()?,
        })
    }

    /// The families that it records into.
    #[must_use]
    pub fn metrics(&self) -> &Arc<GpuJobMetrics> {
        &self.metrics
    }

    fn count(&self, job_type: &str, charge: &Charge) {
        let labels = GpuJobLabels { job_type };
        let metrics = &*self.metrics;
        let seconds = metrics.gpu_job_seconds_total.with(labels);
        seconds.add(charge.seconds);
        if let Some(joules) = charge.joules {
            metrics.gpu_job_energy_joules_total.with(labels).add(joules);
        }
        if let Some(bytes) = charge.peak_memory_bytes {
            #[allow(clippy::cast_precision_loss)] // no device has 2^53 bytes
            metrics
                .gpu_job_peak_memory_bytes
                .with(labels)
                .observe(bytes as f64);
        }
        if charge.observed_seconds > 0.0 {
            let busy = metrics.gpu_job_busy_seconds_total.with(labels);
            busy.add(charge.busy_seconds);
            let ratio = busy.get() / seconds.get();
            metrics.gpu_efficiency_ratio.with(labels).set(ratio);
        }
        if charge.incomplete {
            metrics.gpu_jobs_uncharged_total.with(labels).inc();
        }
    }
}

/// Puts the charge where the closing event finds it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // neither negative nor 10^19
fn tell(scope: &Scope, charge: &Charge) {
    scope.set(DURATION_KEY, (charge.seconds * 1e3).round() as u64);
    if let Some(joules) = charge.joules {
        scope.set(ENERGY_KEY, joules.round() as u64);
    }
    if let Some(bytes) = charge.peak_memory_bytes {
        scope.set(MEMORY_KEY, bytes);
    }
    if charge.observed_seconds > 0.0 {
        let percent = charge.busy_seconds / charge.observed_seconds * 100.0;
        scope.set(UTILIZATION_KEY, percent.round() as u64);
    }
}

impl JobObserver for GpuJobObserver {
    type State = GpuJobState;

    fn on_submit(&self, _: &JobInfo) -> GpuJobState {
        GpuJobState { account: None }
    }

    fn on_start(&self, state: &mut GpuJobState, job: &JobInfo, _: Duration) {
        if let Some(names) = job.scope().get(DEVICE_KEY) {
            let snapshot: Arc<GpuSnapshot> = self.shared.latest();
            let now = job.started().unwrap_or_else(Instant::now);
            // A number is an index.
            let account = self.shared.ledger.open(&names.to_string(), &snapshot, now);
            state.account = Some(account);
        }
    }

    fn on_end(&self, state: &GpuJobState, job: &JobInfo, _: &JobEnd) {
        if let Some(account) = state.account {
            let charge = self.shared.ledger.close(account, Instant::now());
            tell(job.scope(), &charge);
            self.count(job.job_type(), &charge);
        }
    }
}

impl fmt::Debug for GpuJobObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuJobObserver").finish_non_exhaustive()
    }
}
