use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::active::{Active, PanicSentry};
use super::observer::JobObserver;
use super::queued::QueuedJob;
use super::reason::Failure;
use super::status::JobStatus;

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
            let Some(active) = this.active.as_deref() else { return };
            let sentry = PanicSentry(active);
            active.in_scope(|| this.future.set(None));
            active.end(JobStatus::Cancelled, None);
            sentry.disarm();
        }
    }
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
        let mut this = self.project();
        if let Some(queued) = this.queued.take() {
            *this.active = Some(queued.start());
        }
        let active = this
            .active
            .as_deref()
            .expect("a job that is polled has started");
        let sentry = PanicSentry(active);
        let poll = active.in_scope(|| {
            let poll = this
                .future
                .as_mut()
                .as_pin_mut()
                .expect("a job is not polled after its end")
                .poll(cx);
            if poll.is_ready() {
                this.future.set(None); // inside the scope, and before the end
            }
            poll
        });
        if let (Poll::Ready(out), Some(classify)) =
            (&poll, this.classify.take_if(|_| poll.is_ready()))
        {
            active.end_with(out, classify);
        }
        sentry.disarm();
        poll
    }
}
