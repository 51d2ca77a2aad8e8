//! What a submission owes to those that heard of it before it failed.

use std::time::Duration;

use super::JobObserver;
use crate::job::info::JobInfo;
use crate::job::reason::PANIC_REASON;
use crate::job::status::{JobEnd, JobStatus};
use crate::shield::shielded;

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
