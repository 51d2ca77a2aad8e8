//! The body of a response, whose end is the end of its span.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::active::ActiveSpan;

pin_project! {
    /// The body of a response. The span of its request ends with it: at its end, when it fails, or when it is dropped, which is no
    /// error: a client may have read what it wanted.
    pub struct ClientBody<B> {
        #[pin]
        body: B,
        // `None` once it is over, or if there was none.
        span: Option<ActiveSpan>,
    }
}

impl<B> ClientBody<B> {
    pub(super) fn new(body: B, span: Option<ActiveSpan>) -> Self {
        Self { body, span }
    }

    /// The body itself. The span ends here, since nobody tells it of what follows.
    pub fn into_inner(self) -> B {
        self.body
    }
}

impl<B: Body> Body for ClientBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let mut body = this.body;
        let Some(span) = &*this.span else {
            return body.poll_frame(cx);
        };
        let polled = span.in_scope(|| body.as_mut().poll_frame(cx));
        let over = match &polled {
            Poll::Pending => false,
            Poll::Ready(None) => true,
            Poll::Ready(Some(Ok(_))) => body.is_end_stream(),
            Poll::Ready(Some(Err(_))) => {
                span.fail("body_error", "");
                true
            }
        };
        if over {
            *this.span = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Default> Default for ClientBody<B> {
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}

impl<B: fmt::Debug> fmt::Debug for ClientBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBody")
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
