//! Observers side by side.

use std::time::Duration;

use super::JobObserver;
use super::submitted::Submitted;
use crate::job::info::JobInfo;
use crate::job::status::{JobEnd, StageTime};
use crate::shield::{Shield, shielded};

/// `a.in_scope(|| b.in_scope(|| … f()))`
macro_rules! nest {
    ($self:ident $state:ident $job:ident $f:ident;) => { $f() };
    ($self:ident $state:ident $job:ident $f:ident; $at:tt $($rest:tt)*) => {
        $self.$at.in_scope(&$state.$at, $job, || nest!($self $state $job $f; $($rest)*))
    };
}

macro_rules! observe_tuples {
    ($(($($observer:ident $at:tt),+) reversed ($($back:tt),+);)+) => {
        $(#[allow(non_snake_case)] // the members' types name their variables too
        impl<$($observer: JobObserver),+> JobObserver for ($($observer,)+) {
            type State = ($($observer::State,)+);

            fn on_submit(&self, job: &JobInfo) -> Self::State {
                $(let $observer = Submitted::to(&self.$at, job);)+
                ($($observer.keep(),)+)
            }

            fn on_start(&self, state: &mut Self::State, job: &JobInfo, queued: Duration) {
                let mut shield = Shield::default();
                $(shield.run(|| self.$at.on_start(&mut state.$at, job, queued));)+
                shield.resume();
            }

            fn on_stage(&self, state: &Self::State, job: &JobInfo, left: Option<StageTime>, to: &'static str) {
                let mut shield = Shield::default();
                $(shield.run(|| self.$at.on_stage(&state.$at, job, left, to));)+
                shield.resume();
            }

            fn on_end(&self, state: &Self::State, job: &JobInfo, end: &JobEnd) {
                $(shielded(|| self.$back.on_end(&state.$back, job, end));)+
            }

            fn in_scope<R>(&self, state: &Self::State, job: &JobInfo, f: impl FnOnce() -> R) -> R {
                nest!(self state job f; $($at)+)
            }
        })+
    };
}

observe_tuples! {
    (A 0) reversed (0);
    (A 0, B 1) reversed (1, 0);
    (A 0, B 1, C 2) reversed (2, 1, 0);
    (A 0, B 1, C 2, D 3) reversed (3, 2, 1, 0);
    (A 0, B 1, C 2, D 3, E 4) reversed (4, 3, 2, 1, 0);
    (A 0, B 1, C 2, D 3, E 4, F 5) reversed (5, 4, 3, 2, 1, 0);
}
