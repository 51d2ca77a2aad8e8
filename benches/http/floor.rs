//! The least that a layer costs that knows when a response is over: it reads the clock twice, and adds to three atomics
//! when the body has ended or was dropped. No labels, no buckets.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use axum::routing::Route;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tower::{Layer, Service};

#[derive(Default)]
struct Cells {
    requests: AtomicU64,
    nanos: AtomicU64,
    bytes: AtomicU64,
}

/// A layer for `Router::layer`.
pub(crate) fn layer() -> impl Layer<Route, Service = ThreeAtomics<Route>> + Clone {
    let cells = Arc::<Cells>::default();
    tower::layer::layer_fn(move |inner| ThreeAtomics {
        inner,
        cells: Arc::clone(&cells),
    })
}

/// See [`layer`].
#[derive(Clone)]
pub(crate) struct ThreeAtomics<S> {
    inner: S,
    cells: Arc<Cells>,
}

impl<S: Service<Request<Body>, Response = Response<Body>>> Service<Request<Body>>
    for ThreeAtomics<S>
{
    type Response = Response<CountedBody>;
    type Error = S::Error;
    type Future = CountedFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let end = End {
            started: Instant::now(),
            bytes: 0,
            cells: Arc::clone(&self.cells),
        };
        CountedFuture {
            inner: self.inner.call(request),
            end: Some(end),
        }
    }
}

/// Counts when it is dropped.
struct End {
    started: Instant,
    bytes: u64,
    cells: Arc<Cells>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.cells.requests.fetch_add(1, Relaxed);
        self.cells
            .nanos
            .fetch_add(self.started.elapsed().as_nanos() as u64, Relaxed);
        self.cells.bytes.fetch_add(self.bytes, Relaxed);
    }
}

pin_project! {
    pub(crate) struct CountedFuture<F> {
        #[pin]
        inner: F,
        end: Option<End>,
    }
}

impl<F: Future<Output = Result<Response<Body>, E>>, E> Future for CountedFuture<F> {
    type Output = Result<Response<CountedBody>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(context))?;
        let end = this.end.take();
        Poll::Ready(Ok(response.map(|inner| CountedBody { inner, end })))
    }
}

pin_project! {
    pub(crate) struct CountedBody {
        #[pin]
        inner: Body,
        end: Option<End>,
    }
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(context));
        match (&frame, &mut *this.end) {
            (Some(Ok(frame)), Some(end)) => {
                end.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            _ => *this.end = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
