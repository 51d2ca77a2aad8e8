//! All checks.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{Record, Snapshot};
use crate::render::{self, Identity};
use crate::transition::{History, Transition};
use crate::{CheckResult, Report, Status};

/// What is known of all checks; behind a lock that is held for microseconds, and never across the application's code.
#[derive(Debug)]
pub(crate) struct Board {
    records: Vec<Record>,
    history: History,
    started: bool,
    /// The application says when it has started.
    by_hand: bool,
}

/// A new snapshot, and what is new in it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) snapshot: Snapshot,
    pub(crate) transitions: Vec<Transition>,
    /// True if the service has started just now.
    pub(crate) just_started: bool,
}

impl Board {
    pub(crate) fn new(history: usize, by_hand: bool) -> Self {
        Self {
            records: Vec::new(),
            history: History::new(history),
            started: false,
            by_hand,
        }
    }

    pub(crate) fn add(&mut self, record: Record) {
        self.records.push(record);
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Where the check of this name is.
    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.records.iter().position(|record| record.name() == name)
    }

    /// Takes the result of a run of the check at `index`.
    pub(crate) fn take(
        &mut self,
        index: usize,
        result: CheckResult,
        duration: Duration,
        now: Instant,
        wall: SystemTime,
    ) {
        self.records[index].take(result, duration, now, wall);
    }

    /// The application has started.
    pub(crate) fn start(&mut self) {
        self.by_hand = false;
    }

    pub(crate) fn history(&self) -> Vec<Transition> {
        self.history.to_vec()
    }

    /// What is so now.
    pub(crate) fn settle(&mut self, identity: &Identity, now: Instant, wall: SystemTime) -> Found {
        let mut transitions = Vec::new();
        for record in &mut self.records {
            if let Some(from) = record.settle(now, wall) {
                let transition = Transition {
                    check: record.name().into(),
                    from,
                    to: record.report(now).status,
                    at: wall,
                    reason: record.reason(now),
                };
                self.history.push(transition.clone());
                transitions.push(transition);
            }
        }
        let starts =
            !self.started && !self.by_hand && !self.records.iter().any(Record::holds_startup);
        self.started |= starts;

        let checks: Vec<_> = self
            .records
            .iter()
            .map(|record| record.report(now))
            .collect();
        let report = Report {
            status: overall(checks.iter().map(|check| (check.critical, check.status))),
            started: self.started,
            checks,
        };
        let next_stale = self.records.iter().map(Record::stale_at);
        Found {
            snapshot: Snapshot {
                holds_until: next_stale.filter(|at| *at > now).min(),
                health: render::health(identity, &report, &render::View::default()),
                health_json: render::health_json(identity, &report, &render::View::default()),
                readiness: render::readiness(&report, &render::View::default()),
                report: Arc::new(report),
            },
            transitions,
            just_started: starts,
        }
    }
}

/// Unhealthy if something critical is, degraded if anything is not healthy.
pub(crate) fn overall(checks: impl Iterator<Item = (bool, Status)>) -> Status {
    checks.fold(Status::Healthy, |overall, check| match check {
        (true, Status::Unhealthy) => Status::Unhealthy,
        (_, Status::Healthy) => overall,
        _ if overall == Status::Unhealthy => overall,
        _ => Status::Degraded,
    })
}

#[cfg(test)]
mod tests {
    use super::overall;
    use crate::Status::{self, Degraded, Healthy, Unhealthy, Unknown};

    #[track_caller]
    fn check(checks: &[(bool, Status)], expected: Status) {
        assert_eq!(overall(checks.iter().copied()), expected);
        assert_eq!(overall(checks.iter().rev().copied()), expected);
    }

    #[test]
    fn only_a_critical_check_makes_the_service_unhealthy() {
        check(&[], Healthy);
        check(&[(true, Healthy), (false, Healthy)], Healthy);
        check(&[(true, Healthy), (false, Unhealthy)], Degraded);
        check(&[(true, Degraded), (false, Healthy)], Degraded);
        check(&[(true, Unhealthy), (false, Degraded)], Unhealthy);
    }

    #[test]
    fn a_check_that_has_not_run_is_a_reservation() {
        check(&[(true, Unknown), (true, Healthy)], Degraded);
    }
}
