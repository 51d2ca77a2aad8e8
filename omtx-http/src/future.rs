//! The future.

use crate::exchange::Exchange;
use crate::{Observer, ResponseBody, WrapResponse};
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The future of [`ObserveService`](crate::ObserveService); hands the request's life on to the response body.
    ///
    /// # Panics
    ///
    /// When polled after it was ready.
    #[must_use = "futures do nothing unless polled; this one reports a cancelled request when dropped"]
    pub struct ObserveFuture<F, O, M>
    where
        O: Observer,
    {
        // `None` once it was ready.
        #[pin]
        inner: Option<F>,
        exchange: Option<Exchange<O>>,
        mode: PhantomData<fn() -> M>,
    }

    impl<F, O, M> PinnedDrop for ObserveFuture<F, O, M>
    where
        O: Observer,
    {
        fn drop(this: Pin<&mut Self>) {
            // What the handler's locals log as they go still belongs to the request.
            let mut this = this.project();
            if let (Some(exchange), true) = (this.exchange, this.inner.is_some()) {
                exchange.drop_in_scope(|| this.inner.set(None));
            }
        }
    }
}

impl<F, O: Observer, M> ObserveFuture<F, O, M> {
    pub(crate) fn new(inner: F, exchange: Exchange<O>) -> Self {
        Self {
            inner: Some(inner),
            exchange: Some(exchange),
            mode: PhantomData,
        }
    }
}

impl<F, O, M, B, Err> Future for ObserveFuture<F, O, M>
where
    F: Future<Output = Result<Response<B>, Err>>,
    O: Observer,
    M: WrapResponse<B, O>,
    B: Body,
{
    type Output = Result<Response<M::Body>, Err>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let exchange = this.exchange.as_mut();
        let mut guard = exchange
            .expect("`ObserveFuture` polled after it was ready")
            .guard();
        // Written in place: returned through the closures, the response would be moved at each of them.
        let mut result = None;
        guard.in_scope(|| {
            let inner = this.inner.as_mut().as_pin_mut();
            if let Poll::Ready(ready) = inner
                .expect("the exchange outlives the inner future")
                .poll(cx)
            {
                result = Some(ready);
                this.inner.set(None);
            }
        });
        match &mut result {
            Some(Ok(response)) => guard.head(response),
            Some(Err(_)) => guard.failed(),
            None => {}
        }
        guard.defuse();

        let exchange = this.exchange;
        match result {
            None => Poll::Pending,
            Some(Err(error)) => {
                *exchange = None;
                Poll::Ready(Err(error))
            }
            Some(Ok(response)) => Poll::Ready(Ok(response.map(|body| {
                // Taken here, it is moved only once: from the future into the body.
                let exchange = exchange.take().expect("it was there a moment ago");
                M::wrap_response(ResponseBody::new(body, exchange))
            }))),
        }
    }
}

impl<F, O: Observer, M> fmt::Debug for ObserveFuture<F, O, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserveFuture").finish_non_exhaustive()
    }
}
