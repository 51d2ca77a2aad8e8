use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::course::{Course, Outcome, Turn};
use super::info::JobInfo;
use super::jobs::Clock;
use super::observer::JobObserver;
use super::reason::{Failure, PANIC_REASON};
use super::status::{JobEnd, JobStatus, StageTime};
use crate::shield::{Shield, shielded};

/// A job that runs.
pub(super) struct Active<O: JobObserver> {
    pub(super) observer: Arc<O>,
    pub(super) info: Arc<JobInfo>,
    pub(super) state: O::State,
    pub(super) clock: Clock,
    pub(super) started: Instant,
    pub(super) queued: Duration,
    pub(super) course: Course,
}

/// A running job as its own code sees it, whoever observes it.
pub(crate) trait Progress: Send + Sync {
    fn stage(&self, name: &'static str);
    fn info(&self) -> &Arc<JobInfo>;
}

impl<O: JobObserver> Progress for Active<O> {
    fn stage(&self, name: &'static str) {
        let Some(mut turn) = self.course.turn() else {
            return crate::losses::stage_refused();
        };
        if turn.ended {
            return;
        }
        let now = self.clock.now();
        let left = turn
            .stage
            .replace((name, now))
            .map(|stage| time_in(stage, now));
        let mut shield = Shield::default();
        shield
            .run(|| self.in_scope(|| self.observer.on_stage(&self.state, &self.info, left, name)));
        if let Some(outcome) = turn.due() {
            self.tell_end(&mut turn, outcome);
        }
        drop(turn);
        shield.resume();
    }

    fn info(&self) -> &Arc<JobInfo> {
        &self.info
    }
}

impl<O: JobObserver> Active<O> {
    /// Runs a stretch of the job's work inside its scope and what the observers keep current.
    pub(super) fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.info
            .in_scope(|| self.observer.in_scope(&self.state, &self.info, f))
    }

    /// Reports the end, the first time that it is called.
    pub(super) fn end(&self, status: JobStatus, reason: Option<&'static str>) {
        match self.course.turn() {
            Some(mut turn) => self.tell_end(&mut turn, (status, reason)),
            None => self.course.end_after_this_turn((status, reason)),
        }
    }

    fn tell_end(&self, turn: &mut Turn<'_>, (status, reason): Outcome) {
        if turn.ended {
            return;
        }
        turn.ended = true;
        let now = self.clock.now();
        let end = JobEnd {
            status,
            reason,
            queued: self.queued,
            run: Some(now.saturating_duration_since(self.started)),
            stage: turn.stage.map(|stage| time_in(stage, now)),
        };
        let told = Cell::new(false);
        let tell = || {
            told.set(true);
            self.observer.on_end(&self.state, &self.info, &end);
        };
        shielded(|| self.in_scope(tell));
        if !told.get() {
            // An observer's `in_scope` broke before the hook was reached.
            shielded(|| self.info.in_scope(tell));
        }
    }

    pub(super) fn panicked(&self) {
        self.end(JobStatus::Panicked, Some(PANIC_REASON));
    }

    pub(super) fn end_with<T, E, C: Into<Failure>>(
        &self,
        out: &Result<T, E>,
        classify: impl FnOnce(&E) -> C,
    ) {
        match out {
            Ok(_) => self.end(JobStatus::Completed, None),
            Err(error) => match classify(error).into() {
                Failure::Failed(reason) => self.end(JobStatus::Failed, Some(reason)),
                Failure::Cancelled => self.end(JobStatus::Cancelled, None),
            },
        }
    }
}

fn time_in((name, since): (&'static str, Instant), now: Instant) -> StageTime {
    StageTime {
        name,
        elapsed: now.saturating_duration_since(since),
    }
}

/// Reports a panic unless it is disarmed: it is alive exactly while foreign code runs that returns or unwinds.
///
/// `std::thread::panicking()` would not tell a panic of the job from a job that is dropped by somebody else's unwind.
pub(super) struct PanicSentry<'a, O: JobObserver>(pub(super) &'a Active<O>);

impl<O: JobObserver> PanicSentry<'_, O> {
    pub(super) fn disarm(self) {
        std::mem::forget(self); // holds a reference only
    }
}

impl<O: JobObserver> Drop for PanicSentry<'_, O> {
    fn drop(&mut self) {
        self.0.panicked();
    }
}
