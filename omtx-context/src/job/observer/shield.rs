//! What keeps one observer's panic from costing another its calls.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use super::JobObserver;
use crate::job::info::JobInfo;
use crate::job::reason::PANIC_REASON;
use crate::job::status::{JobEnd, JobStatus};

/// Runs a hook whose panic goes no further.
pub(in crate::job) fn shielded(hook: impl FnOnce()) {
    // The payload's destructor may panic in turn; leaking that one box is the lesser evil.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
        std::mem::forget(payload);
    }
}

/// Runs hooks, all of them, and keeps the first panic for later.
#[derive(Default)]
pub(super) struct Shield(Option<Box<dyn Any + Send>>);

impl Shield {
    pub(super) fn run(&mut self, hook: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
            self.0.get_or_insert(payload);
        }
    }

    pub(super) fn resume(self) {
        if let Some(payload) = self.0 {
            resume_unwind(payload);
        }
    }
}

/// An observer that was told of a submission. Unless its state is kept, because a later observer panics, it is told the
/// end.
pub(super) struct Submitted<'a, O: JobObserver> {
    observer: &'a O,
    job: &'a JobInfo,
    state: Option<O::State>,
}

impl<'a, O: JobObserver> Submitted<'a, O> {
    pub(super) fn to(observer: &'a O, job: &'a JobInfo) -> Self {
        Self {
            observer,
            job,
            state: Some(observer.on_submit(job)),
        }
    }

    pub(super) fn keep(mut self) -> O::State {
        self.state.take().expect("only `keep` takes it")
    }
}

impl<O: JobObserver> Drop for Submitted<'_, O> {
    fn drop(&mut self) {
        if let Some(state) = &self.state {
            let end = JobEnd {
                status: JobStatus::Panicked,
                reason: Some(PANIC_REASON),
                queued: Duration::ZERO,
                run: None,
                stage: None,
            };
            shielded(|| self.observer.on_end(state, self.job, &end));
        }
    }
}
