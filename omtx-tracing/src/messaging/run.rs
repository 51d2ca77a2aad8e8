//! Work on a message, inside its span.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::ErrorType;
use crate::active::{ActiveSpan, InSpan};

pin_project! {
    /// A future inside the span of a message; from [`MessageSpan::run`](super::MessageSpan::run). Dropped before it is over, it
    /// ends the span as cancelled.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct RunMessage<F, N> {
        #[pin]
        inner: InSpan<F>,
        error_type: N,
    }
}

impl<F: Future, N> RunMessage<F, N> {
    pub(super) fn new(span: ActiveSpan, future: F, error_type: N) -> Self {
        Self {
            inner: InSpan::new(Some(span), future),
            error_type,
        }
    }
}

impl<F, T, E, N> Future for RunMessage<F, N>
where
    F: Future<Output = Result<T, E>>,
    N: ErrorType<E>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let this = self.project();
        let (result, span) = ready!(this.inner.poll_inside(cx));
        if let (Err(error), Some(span)) = (&result, span) {
            span.fail(this.error_type.error_type(error), "");
        }
        Poll::Ready(result)
    }
}
