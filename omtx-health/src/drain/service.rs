//! The service that [`DrainLayer`](super::DrainLayer) makes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::in_flight::InFlight;
use super::{Drain, DrainBody};

/// See [`Drain::layer`].
#[derive(Clone, Debug)]
pub struct DrainService<S> {
    inner: S,
    drain: Drain,
}

impl<S> DrainService<S> {
    pub(crate) fn new(inner: S, drain: Drain) -> Self {
        Self { inner, drain }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for DrainService<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
{
    type Response = Response<DrainBody<ResB>>;
    type Error = S::Error;
    type Future = DrainFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let version = request.version();
        DrainFuture {
            in_flight: Some(InFlight::new(&self.drain)),
            version,
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    /// The future of a [`DrainService`].
    #[derive(Debug)]
    pub struct DrainFuture<F> {
        #[pin]
        inner: F,
        in_flight: Option<InFlight>,
        version: Version,
    }
}

impl<F, B, E> Future for DrainFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<DrainBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(context));
        let in_flight = this
            .in_flight
            .take()
            .expect("a future is not polled after it is over");
        let mut response = result?;
        // HTTP/2 knows no such header (RFC 9113, 8.2.2), and a connection that was upgraded is the handler's.
        if in_flight.is_draining()
            && *this.version <= Version::HTTP_11
            && response.status() != StatusCode::SWITCHING_PROTOCOLS
        {
            let headers = response.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response.map(|body| DrainBody::new(body, in_flight))))
    }
}
