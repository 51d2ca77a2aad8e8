//! For tests: a check that does as it is told, and probes without a server.
//!
//! A check of one's own is tested by itself: [`Check::run`] is all that there is to call. What a service makes of its checks
//! is tested with switches in their place.
//!
//! ```
//! use omtx_health::testing::{Switch, probe, until};
//! use omtx_health::{Check, Error, Health, Spec, Status};
//!
//! /// As in the service, but for where the checks come from.
//! fn health(database: impl Check, cache: impl Check) -> Result<Health, Error> {
//!     Health::builder("shop")
//!         .check(Spec::new("database", database))
//!         .check(Spec::new("cache", cache).critical(false))
//!         .build()
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
//! let (database, cache) = (Switch::new(), Switch::new());
//! let health = health(database.clone(), cache.clone()).unwrap();
//! until(&health, "database", Status::Healthy).await;
//! until(&health, "cache", Status::Healthy).await;
//!
//! cache.fail("connection refused");
//! until(&health, "cache", Status::Unhealthy).await;
//! assert_eq!(probe(&health, "/health").0, 200, "it is slower, but it works");
//!
//! database.hang();
//! let report = until(&health, "database", Status::Unhealthy).await;
//! assert_eq!(report.error(), Some("no answer within 5s"));
//! assert_eq!(probe(&health, "/health").0, 503);
//! assert_eq!(probe(&health, "/live"), (200, r#"{"status":"alive"}"#.to_owned()));
//! # });
//! # Ok::<_, std::io::Error>(())
//! ```
//!
//! With tokio's clock paused (`#[tokio::test(start_paused = true)]`), as above, intervals and timeouts take no time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::lock::lock;
use crate::{Check, CheckReport, CheckResult, Failure, Health, Status, Verdict};

/// How long [`until`] waits, by tokio's clock.
const PATIENCE: Duration = Duration::from_secs(60);

/// From one run that [`until`] asks for to the next.
const STEP: Duration = Duration::from_millis(10);

/// A check that does as it is told, from its next run on; clones are the same switch.
#[derive(Clone, Debug, Default)]
pub struct Switch(Arc<State>);

#[derive(Debug, Default)]
struct State {
    told: Mutex<Told>,
    runs: AtomicUsize,
}

#[derive(Clone, Debug, Default)]
enum Told {
    #[default]
    Pass,
    Degrade(String),
    Fail(String),
    Hang,
    Panic(String),
}

impl Switch {
    /// A check that passes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has it pass.
    pub fn pass(&self) {
        self.tell(Told::Pass);
    }

    /// Has it pass with this reservation.
    pub fn degrade(&self, message: impl Into<String>) {
        self.tell(Told::Degrade(message.into()));
    }

    /// Has it fail with this error.
    pub fn fail(&self, error: impl Into<String>) {
        self.tell(Told::Fail(error.into()));
    }

    /// Has it give no answer, until its timeout ends the run.
    pub fn hang(&self) {
        self.tell(Told::Hang);
    }

    /// Has it panic with this message.
    pub fn panic(&self, message: impl Into<String>) {
        self.tell(Told::Panic(message.into()));
    }

    /// How often it has been run.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.0.runs.load(Ordering::Relaxed)
    }

    fn tell(&self, told: Told) {
        *lock(&self.0.told) = told;
    }
}

impl Check for Switch {
    async fn run(&self) -> CheckResult {
        self.0.runs.fetch_add(1, Ordering::Relaxed);
        let told = lock(&self.0.told).clone();
        match told {
            Told::Pass => Ok(Verdict::up()),
            Told::Degrade(message) => Ok(Verdict::degraded(message)),
            Told::Fail(error) => Err(Failure::new(error)),
            Told::Hang => std::future::pending().await,
            Told::Panic(message) => panic!("{message}"),
        }
    }
}

/// Status and body of the answer to a `GET` of this path, which may have a query.
///
/// # Panics
///
/// If it is no probe's path.
#[must_use]
#[track_caller]
pub fn probe(health: &Health, path: &str) -> (u16, String) {
    let request = http::Request::get(path).body(());
    let answer = request
        .ok()
        .and_then(|request| health.answer_path(&request.into_parts().0));
    let Some(answer) = answer else {
        panic!("{path:?} is no probe's path; expected /health, /ready, /live or /startup");
    };
    let body = String::from_utf8_lossy(&answer.body()).into_owned();
    (answer.status().as_u16(), body)
}

/// Has a check run again and again until it has this status, and gives what is then known of it.
///
/// # Panics
///
/// If it does not get there within a minute of tokio's clock, or there is no check of this name.
pub async fn until(health: &Health, check: &str, status: Status) -> CheckReport {
    let began = tokio::time::Instant::now();
    loop {
        let report = health.report();
        let Some(report) = report.check(check) else {
            panic!("there is no check {check:?}");
        };
        if report.status() == status {
            return report.clone();
        }
        assert!(
            began.elapsed() < PATIENCE,
            "check {check:?} is {}; expected it to be {status} within {PATIENCE:?}",
            report.status(),
        );
        health.run_soon(check);
        tokio::time::sleep(STEP).await;
    }
}

/// Healthy checks of these names.
#[cfg(test)]
pub(crate) fn report(names: &[&str]) -> crate::Report {
    let checks = names.iter().map(|name| CheckReport {
        name: (*name).into(),
        critical: true,
        readiness: true,
        status: Status::Healthy,
        since: std::time::SystemTime::UNIX_EPOCH,
        run: None,
        stale: None,
    });
    crate::Report {
        status: Status::Healthy,
        started: true,
        checks: checks.collect(),
    }
}
