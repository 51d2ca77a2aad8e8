//! The thread that a collector runs on.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::{Collector, ForeignFamily, Rows};
use crate::lock::lock;

/// One collector and its thread. The thread ends when the worker is dropped, or as soon as the collector returns.
pub(super) struct Worker {
    name: Arc<str>,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    Idle,
    Asked,
    Running,
    Answered(Answer),
    Closed,
}

pub(super) struct Answer {
    pub(super) families: Vec<ForeignFamily>,
    pub(super) errors: u64,
}

impl Worker {
    pub(super) fn start(name: &str, collector: Box<dyn Collector>) -> io::Result<Self> {
        let name: Arc<str> = name.into();
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Idle),
            changed: Condvar::new(),
        });
        let thread = (Arc::clone(&name), Arc::clone(&shared));
        std::thread::Builder::new()
            .name("omtx-collector".into())
            .spawn(move || run(&thread.0, &thread.1, collector))?;
        Ok(Self { name, shared })
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Asks for rows; false if the collector has not yet answered an earlier scrape.
    pub(super) fn ask(&self) -> bool {
        let mut state = lock(&self.shared.state);
        match *state {
            // An answer that came after its scrape had gone on is out of date.
            State::Idle | State::Answered(_) => {
                *state = State::Asked;
                self.shared.changed.notify_all();
                true
            }
            State::Asked | State::Running | State::Closed => false,
        }
    }

    /// The answer, if it comes before the deadline.
    pub(super) fn answer(&self, deadline: Instant) -> Option<Answer> {
        let state = lock(&self.shared.state);
        let left = deadline.saturating_duration_since(Instant::now());
        let (mut state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, left, |state| !matches!(state, State::Answered(_)))
            .unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Idle) {
            State::Answered(answer) => Some(answer),
            still_busy => {
                *state = still_busy;
                None
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        *lock(&self.shared.state) = State::Closed;
        self.shared.changed.notify_all();
    }
}

fn run(name: &Arc<str>, shared: &Shared, mut collector: Box<dyn Collector>) {
    loop {
        let mut state = shared
            .changed
            .wait_while(lock(&shared.state), |state| {
                !matches!(state, State::Asked | State::Closed)
            })
            .unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Closed) {
            return;
        }
        *state = State::Running;
        drop(state);

        let answer = catch_unwind(AssertUnwindSafe(|| {
            let mut rows = Rows::default();
            collector.collect(&mut rows);
            rows.finish(name)
        }));
        let (families, errors) = answer.unwrap_or_else(|payload| {
            // What was thrown may panic itself when it is dropped, which would end this thread.
            std::mem::forget(payload);
            (Vec::new(), 1)
        });

        let mut state = lock(&shared.state);
        if matches!(*state, State::Closed) {
            return;
        }
        *state = State::Answered(Answer { families, errors });
        shared.changed.notify_all();
    }
}
