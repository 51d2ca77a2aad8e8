//! The request body as the handler reads it.

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

/// What a watched request body tells its exchange: the handler may carry the body off to another task.
///
/// Relaxed is enough: the numbers stand for themselves, nothing else is published through them.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    bytes: AtomicU64,
    failed: AtomicBool,
}

impl Upload {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Relaxed)
    }
}

pin_project! {
    /// A request body that counts what the handler reads from it.
    ///
    /// Data, trailers, errors, [`is_end_stream`](Body::is_end_stream) and [`size_hint`](Body::size_hint) are those of
    /// the inner body. A body that was empty to begin with is not watched.
    ///
    /// # Examples
    ///
    /// A service below the layer names it only when it names its body type at all:
    ///
    /// ```
    /// use http_body_util::{BodyExt, Full};
    /// use omtx_http::RequestBody;
    ///
    /// async fn echo(
    ///     request: http::Request<RequestBody<Full<&'static [u8]>>>,
    /// ) -> Result<http::Response<Full<bytes::Bytes>>, std::convert::Infallible> {
    ///     let body = request.into_body().collect().await?.to_bytes();
    ///     Ok(http::Response::new(Full::new(body)))
    /// }
    ///
    /// # use tower::{Layer, ServiceExt};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let service = omtx_http::ObserveLayer::new(()).layer(tower::service_fn(echo));
    /// let response = service.oneshot(http::Request::new(Full::new(&b"hello"[..]))).await.unwrap();
    /// assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[derive(Debug)]
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        received: u64,
        upload: Option<Arc<Upload>>,
    }
}

impl<B: Body> RequestBody<B> {
    pub(crate) fn new(inner: B) -> Self {
        let upload = (!inner.is_end_stream()).then(Arc::default);
        Self {
            inner,
            received: 0,
            upload,
        }
    }

    pub(crate) fn upload(&self) -> Option<&Arc<Upload>> {
        self.upload.as_ref()
    }

    /// The body without its count.
    pub fn into_inner(self) -> B {
        self.inner
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(upload) = this.upload {
            match &frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        // The only writer: a store is cheaper than an atomic addition.
                        *this.received += data.remaining() as u64;
                        upload.bytes.store(*this.received, Relaxed);
                    }
                }
                Some(Err(_)) => upload.failed.store(true, Relaxed),
                None => {}
            }
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
