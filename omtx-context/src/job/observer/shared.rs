//! Observers that are shared, optional, or none.

use std::sync::Arc;
use std::time::Duration;

use super::JobObserver;
use crate::job::info::JobInfo;
use crate::job::status::{JobEnd, StageTime};

impl<O: JobObserver> JobObserver for Arc<O> {
    type State = O::State;

    fn on_submit(&self, job: &JobInfo) -> O::State {
        O::on_submit(self, job)
    }

    fn on_start(&self, state: &mut O::State, job: &JobInfo, queued: Duration) {
        O::on_start(self, state, job, queued);
    }

    fn on_stage(&self, state: &O::State, job: &JobInfo, left: Option<StageTime>, to: &'static str) {
        O::on_stage(self, state, job, left, to);
    }

    fn on_end(&self, state: &O::State, job: &JobInfo, end: &JobEnd) {
        O::on_end(self, state, job, end);
    }

    fn in_scope<R>(&self, state: &O::State, job: &JobInfo, f: impl FnOnce() -> R) -> R {
        O::in_scope(self, state, job, f)
    }
}

impl<O: JobObserver> JobObserver for Option<O> {
    type State = Option<O::State>;

    fn on_submit(&self, job: &JobInfo) -> Self::State {
        self.as_ref().map(|observer| observer.on_submit(job))
    }

    fn on_start(&self, state: &mut Self::State, job: &JobInfo, queued: Duration) {
        if let (Some(observer), Some(state)) = (self, state) {
            observer.on_start(state, job, queued);
        }
    }

    fn on_stage(
        &self,
        state: &Self::State,
        job: &JobInfo,
        left: Option<StageTime>,
        to: &'static str,
    ) {
        if let (Some(observer), Some(state)) = (self, state) {
            observer.on_stage(state, job, left, to);
        }
    }

    fn on_end(&self, state: &Self::State, job: &JobInfo, end: &JobEnd) {
        if let (Some(observer), Some(state)) = (self, state) {
            observer.on_end(state, job, end);
        }
    }

    fn in_scope<R>(&self, state: &Self::State, job: &JobInfo, f: impl FnOnce() -> R) -> R {
        match (self, state) {
            (Some(observer), Some(state)) => observer.in_scope(state, job, f),
            _ => f(),
        }
    }
}

impl JobObserver for () {
    type State = ();

    fn on_submit(&self, _: &JobInfo) {}

    fn on_end(&self, (): &(), _: &JobInfo, _: &JobEnd) {}
}
