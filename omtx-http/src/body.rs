//! The response body as the server reads it.

use crate::Observer;
use crate::exchange::Exchange;
use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A response body that ends its request: at its last frame, at an error, in a panic, or when it is dropped.
    ///
    /// Data, trailers, errors, [`is_end_stream`](Body::is_end_stream) and [`size_hint`](Body::size_hint) are those of
    /// the inner body, so the server still sends a `content-length`.
    pub struct ResponseBody<B, O>
    where
        O: Observer,
    {
        // `None` only while being dropped or unwrapped.
        #[pin]
        inner: Option<B>,
        exchange: Exchange<O>,
    }

    impl<B, O> PinnedDrop for ResponseBody<B, O>
    where
        O: Observer,
    {
        fn drop(this: Pin<&mut Self>) {
            // What the body logs as it goes still belongs to the request.
            let mut this = this.project();
            if this.inner.is_some() {
                this.exchange.drop_in_scope(|| this.inner.set(None));
            }
        }
    }
}

impl<B, O: Observer> ResponseBody<B, O> {
    pub(crate) fn new(inner: B, exchange: Exchange<O>) -> Self {
        Self {
            inner: Some(inner),
            exchange,
        }
    }

    /// The inner body, if its request is over already and there is nothing left to watch.
    #[cfg(feature = "axum")]
    pub(crate) fn take_if_over(&mut self) -> Option<B> {
        if self.exchange.is_over() {
            self.inner.take()
        } else {
            None
        }
    }
}

impl<B: Body, O: Observer> Body for ResponseBody<B, O> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let Some(mut inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        if this.exchange.is_over() {
            return inner.poll_frame(cx);
        }
        let mut guard = this.exchange.guard();
        let frame = guard.in_scope(|| inner.as_mut().poll_frame(cx));
        match &frame {
            Poll::Pending => {}
            Poll::Ready(None) => guard.finished(),
            Poll::Ready(Some(Err(_))) => guard.body_failed(),
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    // Asked right after the frame: a server may drop the body without polling again.
                    guard.data(data.remaining(), inner.is_end_stream());
                } else if let Some(trailers) = frame.trailers_ref() {
                    guard.trailers(trailers);
                }
            }
        }
        guard.defuse();
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: fmt::Debug, O: Observer> fmt::Debug for ResponseBody<B, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
