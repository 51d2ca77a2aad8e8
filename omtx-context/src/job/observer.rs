use std::sync::Arc;
use std::time::Duration;

use super::info::JobInfo;
use super::status::{JobEnd, StageTime};

/// Is told what happens to each job: metrics, the closing log line, a span, the energy account.
///
/// For each job that is submitted: `on_submit` once, then at most one `on_start`, then any number of `on_stage`, and
/// **exactly one** `on_end`, whatever becomes of the job. The hooks of one job never overlap; those of different jobs do.
/// All of them run inside the job's [`Scope`](crate::Scope), so what they log carries the job's ids; those after
/// `on_start` run inside [`in_scope`](Self::in_scope) too.
///
/// A hook must not block and must not panic, and must not call [`stage`](crate::stage) on the job that it is told of.
///
/// `()` observes nothing; `Option`, [`Arc`] and tuples of up to six observers are observers. A tuple's members are
/// called in order, and in reverse order at the end.
///
/// ```
/// use omtx_context::{JobEnd, JobInfo, JobObserver, JobSpec, Jobs};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicI64, Ordering};
///
/// /// How many jobs are queued or running.
/// #[derive(Default)]
/// struct Unfinished(AtomicI64);
///
/// impl JobObserver for Unfinished {
///     type State = ();
///     fn on_submit(&self, _: &JobInfo) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
///     fn on_end(&self, _: &(), _: &JobInfo, _: &JobEnd) {
///         self.0.fetch_sub(1, Ordering::Relaxed);
///     }
/// }
///
/// let unfinished = Arc::new(Unfinished::default());
/// let job = Jobs::new(unfinished.clone()).submit(JobSpec::new("kmer"));
/// assert_eq!(unfinished.0.load(Ordering::Relaxed), 1);
/// drop(job); // never started: cancelled
/// assert_eq!(unfinished.0.load(Ordering::Relaxed), 0);
/// ```
pub trait JobObserver: Send + Sync + 'static {
    /// What the observer keeps for one job. Shared from the start on, since a job may change its stage from any thread.
    type State: Send + Sync + 'static;

    /// The job is known, and waits.
    fn on_submit(&self, job: &JobInfo) -> Self::State;

    /// It begins to run, `queued` after its submission: at the first poll of its future.
    fn on_start(&self, state: &mut Self::State, job: &JobInfo, queued: Duration) {
        let _ = (state, job, queued);
    }

    /// It enters the stage `to`, and leaves the one it was in, if any.
    fn on_stage(
        &self,
        state: &Self::State,
        job: &JobInfo,
        left: Option<StageTime>,
        to: &'static str,
    ) {
        let _ = (state, job, left, to);
    }

    /// It is over.
    fn on_end(&self, state: &Self::State, job: &JobInfo, end: &JobEnd);

    /// Runs `f`, a stretch of the job's work (one poll, one closure), inside whatever the observer keeps current.
    fn in_scope<R>(&self, state: &Self::State, job: &JobInfo, f: impl FnOnce() -> R) -> R {
        let _ = (state, job);
        f()
    }
}

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

/// `a.in_scope(|| b.in_scope(|| … f()))`
macro_rules! nest {
    ($self:ident $state:ident $job:ident $f:ident;) => { $f() };
    ($self:ident $state:ident $job:ident $f:ident; $at:tt $($rest:tt)*) => {
        $self.$at.in_scope(&$state.$at, $job, || nest!($self $state $job $f; $($rest)*))
    };
}

macro_rules! observe_tuples {
    ($(($($observer:ident $at:tt),+) reversed ($($back:tt),+);)+) => {
        $(impl<$($observer: JobObserver),+> JobObserver for ($($observer,)+) {
            type State = ($($observer::State,)+);

            fn on_submit(&self, job: &JobInfo) -> Self::State {
                ($(self.$at.on_submit(job),)+)
            }

            fn on_start(&self, state: &mut Self::State, job: &JobInfo, queued: Duration) {
                $(self.$at.on_start(&mut state.$at, job, queued);)+
            }

            fn on_stage(&self, state: &Self::State, job: &JobInfo, left: Option<StageTime>, to: &'static str) {
                $(self.$at.on_stage(&state.$at, job, left, to);)+
            }

            fn on_end(&self, state: &Self::State, job: &JobInfo, end: &JobEnd) {
                $(self.$back.on_end(&state.$back, job, end);)+
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
