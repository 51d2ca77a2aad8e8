//! What is known of one check.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::report::Run;
use crate::{CheckReport, CheckResult, Spec, Status};

/// Longer messages are cut: an error text is for people, and bodies have 10 KB.
const MAX_MESSAGE_BYTES: usize = 512;

/// Details beyond this many, or values longer than [`MAX_MESSAGE_BYTES`] as JSON, are left out.
const MAX_DETAILS: usize = 16;

#[derive(Debug)]
pub(crate) struct Record {
    name: Arc<str>,
    critical: bool,
    readiness: bool,
    up: u32,
    down: u32,
    stale_after: Duration,
    /// What the results come to, thresholds counted, age left aside.
    settled: Status,
    passes: u32,
    failures: u32,
    run: Option<Run>,
    /// When a result came last; at first, when the check was added: one that never runs goes stale as well.
    heard: Instant,
    shown: Status,
    since: SystemTime,
}

impl Record {
    pub(crate) fn new(spec: &Spec, now: Instant, wall: SystemTime) -> Self {
        Self {
            name: spec.name.as_str().into(),
            critical: spec.critical,
            readiness: spec.readiness,
            up: spec.up,
            down: spec.down,
            stale_after: spec.stale_after(),
            settled: Status::Unknown,
            passes: 0,
            failures: 0,
            run: None,
            heard: now,
            shown: Status::Unknown,
            since: wall,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Takes the result of a run that ended now.
    pub(crate) fn take(
        &mut self,
        result: CheckResult,
        duration: Duration,
        now: Instant,
        wall: SystemTime,
    ) {
        let verdict = match &result {
            Ok(verdict) if verdict.is_degraded() => Status::Degraded,
            Ok(_) => Status::Healthy,
            Err(_) => Status::Unhealthy,
        };
        let enough = if verdict.is_up() {
            (self.passes, self.failures) = (self.passes.saturating_add(1), 0);
            // Between healthy and degraded there is no threshold: it is up either way.
            self.settled != Status::Unhealthy || self.passes >= self.up
        } else {
            (self.passes, self.failures) = (0, self.failures.saturating_add(1));
            !self.settled.is_up() || self.failures >= self.down
        };
        if enough {
            self.settled = verdict;
        }
        let (message, details, failed) = match result {
            Ok(verdict) => (
                verdict.message().map(shorten),
                bounded(verdict.details()),
                false,
            ),
            Err(failure) => (
                Some(shorten(failure.error())),
                bounded(failure.details()),
                true,
            ),
        };
        self.run = Some(Run {
            ended: wall,
            duration,
            message,
            failed,
            details: Arc::new(details),
        });
        self.heard = now;
    }

    /// When the last result stops counting, unless there is another.
    pub(crate) fn stale_at(&self) -> Instant {
        self.heard + self.stale_after
    }

    /// True once there was a result.
    pub(crate) fn has_run(&self) -> bool {
        self.run.is_some()
    }

    /// True if the start of the service waits for it.
    pub(crate) fn holds_startup(&self) -> bool {
        (self.critical || self.readiness) && !self.has_run()
    }

    /// Brings what is shown up to date, and gives what was shown if that is another status.
    pub(crate) fn settle(&mut self, now: Instant, wall: SystemTime) -> Option<Status> {
        let status = if self.is_stale(now) {
            Status::Unhealthy
        } else {
            self.settled
        };
        let before = std::mem::replace(&mut self.shown, status);
        (before != status).then(|| {
            self.since = wall;
            before
        })
    }

    fn is_stale(&self, now: Instant) -> bool {
        now >= self.stale_at()
    }

    pub(crate) fn report(&self, now: Instant) -> CheckReport {
        CheckReport {
            name: Arc::clone(&self.name),
            critical: self.critical,
            readiness: self.readiness,
            status: self.shown,
            since: self.since,
            run: self.run.clone(),
            stale: self.is_stale(now).then_some(self.stale_after),
        }
    }

    /// Why it is as it is shown.
    pub(crate) fn reason(&self, now: Instant) -> Option<Arc<str>> {
        if self.is_stale(now) {
            return Some(format!("no result within {:?}", self.stale_after).into());
        }
        self.run.as_ref().and_then(|run| run.message.clone())
    }
}

fn shorten(text: &str) -> Arc<str> {
    if text.len() <= MAX_MESSAGE_BYTES {
        return text.into();
    }
    let mut end = MAX_MESSAGE_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end]).into()
}

fn bounded(details: &Map<String, Value>) -> Map<String, Value> {
    details
        .iter()
        .filter(|(key, value)| key.len() + json_len(value) <= MAX_MESSAGE_BYTES)
        .take(MAX_DETAILS)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn json_len(value: &Value) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX / 2, |json| json.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, Verdict};

    /// Feeds results (`+`, `-`, `~` for degraded) to a check with these thresholds, and gives what is shown after each.
    #[track_caller]
    fn check(thresholds: (u32, u32), results: &str, expected: &str) {
        let spec =
            Spec::new("x", || async { Ok(Verdict::up()) }).thresholds(thresholds.0, thresholds.1);
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let mut record = Record::new(&spec, now, wall);
        let shown: String = results
            .chars()
            .map(|result| {
                let result = match result {
                    '+' => Ok(Verdict::up()),
                    '~' => Ok(Verdict::degraded("slow")),
                    _ => Err(Failure::new("no")),
                };
                record.take(result, Duration::ZERO, now, wall);
                record.settle(now, wall);
                match record.shown {
                    Status::Healthy => '+',
                    Status::Degraded => '~',
                    Status::Unhealthy => '-',
                    Status::Unknown => '?',
                }
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn without_thresholds_every_result_counts() {
        check((1, 1), "+-+~-", "+-+~-");
    }

    #[test]
    fn a_flapping_check_stays_where_it_is_until_it_has_made_up_its_mind() {
        check((2, 3), "+-+--+---+-++", "++++++++----+");
    }

    #[test]
    fn the_first_result_counts_at_once() {
        check((5, 5), "-", "-");
        check((5, 5), "+", "+");
    }

    #[test]
    fn degraded_is_up_and_needs_no_threshold() {
        check((3, 3), "+~+~", "+~+~");
    }

    #[test]
    fn a_degraded_result_counts_towards_recovery() {
        check((2, 1), "-~+", "--+");
    }

    #[test]
    fn long_messages_are_cut_on_a_character_boundary() {
        let cut = shorten(&"ö".repeat(400));
        assert_eq!(cut.len(), 512 + "…".len());
        assert!(cut.ends_with("ö…"));
    }

    #[test]
    fn details_are_bounded_in_number_and_size() {
        let mut details = Map::new();
        details.insert("aa".to_owned(), "x".repeat(600).into());
        for i in 0..30 {
            details.insert(format!("k{i:02}"), i.into());
        }
        let kept = bounded(&details);
        assert_eq!(kept.len(), 16);
        assert!(!kept.contains_key("aa"));
    }
}
