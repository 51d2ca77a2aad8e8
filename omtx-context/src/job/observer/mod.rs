//! The trait that everything that watches jobs implements.

mod shared;
mod submitted;
mod tuple;

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
/// `()` observes nothing; `Option`, [`Arc`](std::sync::Arc) and tuples of up to six observers are observers. A tuple's
/// members are called in order, and in reverse order at the end.
///
/// A hook must not block. A [`stage`](crate::stage) that it enters on the job that it is told of is ignored, and counted in
/// [`Losses`](crate::Losses); an end that it brings about is reported after it.
///
/// # Panics
///
/// A hook ought not to panic; if it does, the ends stay right:
/// - in `on_submit`: the observers that were told before it are told the end, panicked, and the unwind goes on;
/// - in `on_start`, `on_stage` and `in_scope`: the other observers are told all the same, the job ends as panicked, and
///   the unwind goes on;
/// - in `on_end`: the others still get theirs, and the panic goes no further, because ends are mostly reported while
///   something is being dropped, where a second panic would abort the process. The panic hook has told of it by then.
///
/// No hook's panic goes on while the thread unwinds from another one, for the same reason.
///
/// # Examples
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
