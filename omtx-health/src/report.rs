//! How everything is, as a value.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::Status;

/// How the service and its checks are at one moment.
///
/// For the application's own use; answers to probes come from the same figures. Nothing is withheld here.
///
/// ```
/// use omtx_health::{Health, Spec, Status, Verdict};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let health = Health::builder("shop")
///     .check(Spec::new("db", || async { Ok(Verdict::up()) }))
///     .build()
///     .unwrap();
/// let mut reports = health.subscribe();
/// let report = reports.wait_for(|report| report.is_started()).await.unwrap().clone();
/// assert_eq!(report.status(), Status::Healthy);
/// assert_eq!(report.check("db").unwrap().status(), Status::Healthy);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) status: Status,
    pub(crate) started: bool,
    pub(crate) checks: Vec<CheckReport>,
}

impl Report {
    /// The service as a whole: unhealthy if a critical check is, degraded if any check is not healthy, else healthy.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// True once the service has started: see [`HealthBuilder::startup_by_hand`](crate::HealthBuilder::startup_by_hand).
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.started
    }

    /// All checks, in the order in which they were added.
    #[must_use]
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }

    /// The check of this name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&CheckReport> {
        self.checks.iter().find(|check| check.name() == name)
    }

    /// True if every check that readiness depends on is up.
    #[must_use]
    pub fn readiness_holds(&self) -> bool {
        self.checks
            .iter()
            .all(|check| !check.readiness || check.status.is_up())
    }
}

/// How one check is.
#[derive(Clone, Debug)]
pub struct CheckReport {
    pub(crate) name: Arc<str>,
    pub(crate) critical: bool,
    pub(crate) readiness: bool,
    pub(crate) status: Status,
    pub(crate) since: SystemTime,
    pub(crate) run: Option<Run>,
    pub(crate) stale: Option<Duration>,
}

/// What the last run came to, kept once for all reports.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) ended: SystemTime,
    pub(crate) duration: Duration,
    /// The reservation, or the reason of the failure.
    pub(crate) message: Option<Arc<str>>,
    pub(crate) failed: bool,
    pub(crate) details: Arc<Map<String, Value>>,
}

impl CheckReport {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether the service is unhealthy while it fails.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.critical
    }

    /// Whether `/ready` depends on it.
    #[must_use]
    pub fn is_readiness(&self) -> bool {
        self.readiness
    }

    /// Since when it has been so.
    #[must_use]
    pub fn since(&self) -> SystemTime {
        self.since
    }

    /// When its last run ended.
    #[must_use]
    pub fn last_run(&self) -> Option<SystemTime> {
        self.run.as_ref().map(|run| run.ended)
    }

    /// How long its last run took.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.run.as_ref().map(|run| run.duration)
    }

    /// True if nobody has looked for longer than its staleness limit.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale.is_some()
    }

    /// Why its last run failed, if it did.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.run
            .as_ref()
            .filter(|run| run.failed)
            .and_then(|run| run.message.as_deref())
    }

    /// With what reservation its last run passed, if it did.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.run
            .as_ref()
            .filter(|run| !run.failed)
            .and_then(|run| run.message.as_deref())
    }

    /// What its last run added.
    #[must_use]
    pub fn details(&self) -> Option<&Map<String, Value>> {
        self.run.as_ref().map(|run| &*run.details)
    }
}
