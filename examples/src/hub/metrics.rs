//! What the service counts beyond what the layers count for it. Handlers talk to this struct only.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use omtx_context::{JobEnd, JobInfo, JobObserver};

/// What became of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Delivered,
    /// It did not, after all attempts.
    Failed,
    /// There was no room to queue it.
    Dropped,
}

/// The service's own counts, by name and label.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<BTreeMap<(&'static str, String), u64>>);

impl Metrics {
    /// Somebody tried to log in.
    pub fn login(&self, success: bool) {
        self.add(
            "auth_attempts_total",
            if success { "success" } else { "failure" },
        );
    }

    /// A webhook came to its end, after `took` if it was tried at all.
    pub fn webhook(&self, event: &'static str, outcome: Outcome, took: Option<Duration>) {
        let _ = took;
        let outcome = match outcome {
            Outcome::Delivered => "delivered",
            Outcome::Failed => "failed",
            Outcome::Dropped => "dropped",
        };
        self.add("webhook_deliveries_total", &format!("{event} {outcome}"));
    }

    /// A count: `"auth_attempts_total"`, `"failure"`.
    #[must_use]
    pub fn get(&self, name: &'static str, label: &str) -> u64 {
        self.counts()
            .get(&(name, label.to_owned()))
            .copied()
            .unwrap_or(0)
    }

    fn add(&self, name: &'static str, label: &str) {
        *self.counts().entry((name, label.to_owned())).or_default() += 1;
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String), u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobObserver for Metrics {
    type State = ();

    fn on_submit(&self, job: &JobInfo) {
        self.add("jobs_submitted_total", job.job_type());
    }

    fn on_end(&self, (): &(), job: &JobInfo, end: &JobEnd) {
        self.add(
            "jobs_completed_total",
            &format!("{} {}", job.job_type(), end.status),
        );
    }
}
