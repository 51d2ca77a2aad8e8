//! Probes without a server, and checks that do as they are told.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use omtx_health::{
    Answer, Check, CheckResult, Failure, Health, HealthBuilder, Report, Status, Verdict,
};

/// 2026-01-31T12:00:00Z.
pub(crate) fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_769_860_800)
}

/// A service whose clock stands still at noon.
pub(crate) fn shop() -> HealthBuilder {
    Health::builder("shop").version("1.4.2").clock(noon)
}

/// A `GET` of this path.
pub(crate) fn get(health: &Health, path: &str) -> (u16, String) {
    let answer = ask(health, http::Request::get(path));
    (answer.status().as_u16(), text(&answer))
}

pub(crate) fn ask(health: &Health, request: http::request::Builder) -> Answer {
    let (head, ()) = request.body(()).unwrap().into_parts();
    health.answer_path(&head).expect("it is a probe's path")
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body().to_vec()).unwrap()
}

/// Waits until a check has had its first result, or another one of this status.
pub(crate) async fn until(health: &Health, check: &str, status: Status) {
    wait(health, |report| {
        report.check(check).unwrap().status() == status
    })
    .await;
}

pub(crate) async fn started(health: &Health) {
    wait(health, Report::is_started).await;
}

pub(crate) async fn wait(health: &Health, mut holds: impl FnMut(&Report) -> bool) {
    let mut reports = health.subscribe();
    reports.wait_for(|report| holds(report)).await.unwrap();
}

/// Waits for what nobody tells of, and fails after a minute of the test's clock.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not within a minute: {what}");
}

/// A check that does as it is told, and counts its runs.
#[derive(Clone, Default)]
pub(crate) struct Puppet(Arc<Strings>);

#[derive(Default)]
struct Strings {
    does: AtomicU8,
    runs: AtomicUsize,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Does {
    Pass,
    Degrade,
    Fail,
    Hang,
    Panic,
}

impl Puppet {
    pub(crate) fn that(does: Does) -> Self {
        let puppet = Self::default();
        puppet.now(does);
        puppet
    }

    pub(crate) fn now(&self, does: Does) {
        self.0.does.store(does as u8, Ordering::Relaxed);
    }

    pub(crate) fn runs(&self) -> usize {
        self.0.runs.load(Ordering::Relaxed)
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.0.most_in_flight.load(Ordering::Relaxed)
    }
}

struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Check for Puppet {
    fn run(&self) -> impl Future<Output = CheckResult> + Send {
        let strings = &*self.0;
        async move {
            strings.runs.fetch_add(1, Ordering::Relaxed);
            let in_flight = strings.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
            strings
                .most_in_flight
                .fetch_max(in_flight, Ordering::Relaxed);
            let _in_flight = InFlight(&strings.in_flight);
            match strings.does.load(Ordering::Relaxed) {
                0 => Ok(Verdict::up().detail("latency_ms", 3)),
                1 => Ok(Verdict::degraded("82 % full")),
                2 => Err(Failure::new("db.internal:5432: connection refused").detail("code", 111)),
                3 => std::future::pending().await,
                _ => panic!("the check has a bug"),
            }
        }
    }
}
