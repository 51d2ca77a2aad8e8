use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::active::Active;
use super::observer::JobObserver;
use super::queued::QueuedJob;
use super::reason::{Failure, PANIC_REASON};
use super::status::JobStatus;
use crate::shield::Shield;

pin_project! {
    /// A job whose work is a future; see [`QueuedJob::run`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<O: JobObserver, F, C> {
        // Until the first poll; dropped as such, it never started.
        queued: Option<QueuedJob<O>>,
        // From the first poll on.
        active: Option<Arc<Active<O>>>,
        #[pin]
        future: Option<F>,
        classify: Option<C>,
    }

    impl<O: JobObserver, F, C> PinnedDrop for Run<O, F, C> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(queued) = this.queued.take() {
                let mut shield = Shield::default();
                let info = queued.info().clone();
                shield.run(|| info.in_scope(|| this.future.set(None)));
                if shield.is_broken() {
                    queued.end(JobStatus::Panicked, Some(PANIC_REASON));
                } else {
                    queued.end(JobStatus::Cancelled, None);
                }
                shield.resume();
            } else if let (Some(active), true) = (this.active.as_deref(), this.future.is_some()) {
                give_up(active, this.future, JobStatus::Cancelled, None).resume();
            }
        }
    }
}

/// The work of a job that has not ended; dropped, which only an unwind does, it ends the job as panicked.
///
/// `std::thread::panicking()` would not tell a panic of the job from a job that is dropped by somebody else's unwind.
struct Work<'a, O: JobObserver, F> {
    active: &'a Active<O>,
    future: Pin<&'a mut Option<F>>,
}

impl<O: JobObserver, F> Work<'_, O, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output>
    where
        F: Future,
    {
        let mut future = self.future.as_mut();
        self.active.in_scope(|| {
            let poll = future
                .as_mut()
                .as_pin_mut()
                .expect("a job is not polled after its end")
                .poll(cx);
            if poll.is_ready() {
                future.set(None); // inside the scope, and before the end
            }
            poll
        })
    }

    /// Nothing has panicked.
    fn release(self) {
        std::mem::forget(self); // holds references only
    }
}

impl<O: JobObserver, F> Drop for Work<'_, O, F> {
    fn drop(&mut self) {
        let (status, reason) = (JobStatus::Panicked, Some(PANIC_REASON));
        give_up(self.active, self.future.as_mut(), status, reason).resume();
    }
}

/// Drops the future inside the job's scope, then ends the job: as panicked, if the future's destructor panics.
fn give_up<O: JobObserver, F>(
    active: &Active<O>,
    mut future: Pin<&mut Option<F>>,
    status: JobStatus,
    reason: Option<&'static str>,
) -> Shield {
    let mut shield = Shield::default();
    if future.is_some() {
        shield.run(|| active.in_scope(|| future.set(None)));
    }
    if future.is_some() {
        // An observer's `in_scope` broke before the future was reached.
        shield.run(|| active.info.in_scope(|| future.set(None)));
    }
    if shield.is_broken() {
        active.panicked();
    } else {
        active.end(status, reason);
    }
    shield
}

impl<O: JobObserver, F, C> Run<O, F, C> {
    pub(super) fn new(job: QueuedJob<O>, future: F, classify: C) -> Self {
        Self {
            queued: Some(job),
            active: None,
            future: Some(future),
            classify: Some(classify),
        }
    }
}

impl<O, F, C, R, T, E> Future for Run<O, F, C>
where
    O: JobObserver,
    F: Future<Output = Result<T, E>>,
    C: FnOnce(&E) -> R,
    R: Into<Failure>,
{
    type Output = Result<T, E>;

    /// # Panics
    ///
    /// When polled again after it was ready, as futures do, and when its future panics.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let told = match this.queued.take() {
            Some(queued) => {
                let (active, told) = queued.start();
                *this.active = Some(active);
                told
            }
            None => Shield::default(),
        };
        let active = this
            .active
            .as_deref()
            .expect("a job that is polled has started");
        let mut work = Work {
            active,
            future: this.future,
        };
        told.resume();
        let poll = work.poll(cx);
        if let Poll::Ready(out) = &poll {
            let classify = this.classify.take().expect("a future is ready once");
            active.end_with(out, classify);
        }
        work.release();
        poll
    }
}
