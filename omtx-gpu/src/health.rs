//! The GPUs as a health check.

use std::fmt;
use std::time::Instant;

use omtx_health::{Check, CheckResult, Failure, Verdict};

use crate::collector::GpuCollector;
use crate::snapshot::GpuSnapshot;
use crate::state::{CollectorState, Status};

/// Says of the GPUs what the collector knows: an [`omtx_health::Check`] that calls no driver, and so cannot hang in one.
///
/// | the collector | and | the check |
/// |---|---|---|
/// | starting | has not looked yet | is degraded |
/// | up | | passes |
/// | up | a device's row of memory could not be remapped | is degraded |
/// | lost | some devices answer | is degraded |
/// | stuck | readings are younger than `max_age` | is degraded |
/// | stuck | they are older | fails |
/// | absent, or lost | no device answers | fails |
///
/// A service that can do without GPUs makes the check not critical.
///
/// ```
/// use omtx_gpu::GpuCollector;
/// use omtx_health::{Check, Spec};
///
/// let gpus = GpuCollector::builder().library("/nowhere/libnvidia-ml.so.1").start()?;
/// let spec = Spec::new("gpu", gpus.check()).critical(false);
/// assert_eq!(spec.name(), "gpu");
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// // Once it is known that there is no library, the check fails.
/// while gpus.check().run().await.is_ok_and(|verdict| verdict.message() == Some("not looked for yet")) {}
/// assert!(gpus.check().run().await.is_err());
/// # });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GpuCheck {
    collector: GpuCollector,
}

impl GpuCollector {
    /// A health check that says what the collector knows. It keeps the collector running.
    #[must_use]
    pub fn check(&self) -> GpuCheck {
        GpuCheck {
            collector: self.clone(),
        }
    }
}

impl Check for GpuCheck {
    async fn run(&self) -> CheckResult {
        let (status, snapshot) = (self.collector.status(), self.collector.snapshot());
        let now = Instant::now();
        let max_age = self.collector.max_age();
        let fresh = |snapshot: &GpuSnapshot| {
            let devices = snapshot.devices.iter();
            devices
                .filter(|device| device.up && device.is_fresh(now, max_age))
                .count()
        };
        judge(&status, &snapshot, fresh(&snapshot))
    }
}

fn judge(status: &Status, snapshot: &GpuSnapshot, answering: usize) -> CheckResult {
    let state = omtx_metrics::LabelValue::as_str(status.state);
    let known = snapshot.devices.len();
    let reason = || status.reason.as_deref().unwrap_or("no reason is known");
    // A service that has just started is not down for want of a look that takes a driver a second.
    if status.is_not_looked() {
        return Ok(Verdict::degraded(reason()).detail("state", state));
    }
    if answering == 0 && status.state != CollectorState::Up {
        return Err(Failure::new(reason())
            .detail("state", state)
            .detail("devices", known)
            .detail("devices_up", answering));
    }
    let worn: Vec<&str> = snapshot
        .devices
        .iter()
        .filter(|device| {
            device
                .readings
                .remapped_rows
                .is_some_and(|rows| rows.failed)
        })
        .map(|device| &*device.identity.uuid)
        .collect();
    let verdict = match status.state {
        CollectorState::Up if worn.is_empty() => Verdict::up(),
        CollectorState::Up => Verdict::degraded(format!(
            "memory of {} can no longer be repaired",
            worn.join(", ")
        )),
        _ => Verdict::degraded(reason()),
    };
    Ok(verdict
        .detail("state", state)
        .detail("devices", known)
        .detail("devices_up", answering))
}

impl fmt::Debug for GpuCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpuCheck")
            .field("collector", &self.collector)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn before_the_first_look_it_is_degraded_and_does_not_fail() {
        let status = Status::not_looked();
        let snapshot = GpuSnapshot {
            taken: Instant::now(),
            taken_at: SystemTime::now(),
            sampled_at: None,
            status: status.clone(),
            driver: None,
            devices: Vec::new(),
        };
        let verdict = judge(&status, &snapshot, 0).unwrap();
        assert_eq!(verdict.message(), Some("not looked for yet"));

        let absent = Status::because(CollectorState::Absent, "no library");
        assert!(judge(&absent, &snapshot, 0).is_err());
    }
}
