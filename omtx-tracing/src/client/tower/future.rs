use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::ErrorType;
use crate::active::{ActiveSpan, InSpan};
use crate::client::{ClientBody, ClientSpans};

pin_project! {
    /// A request on its way. Dropped before its response, it ends its span as cancelled.
    #[derive(Debug)]
    pub struct ClientFuture<F, N> {
        #[pin]
        inner: InSpan<F>,
        // None where nothing is recorded.
        spans: Option<ClientSpans>,
        error_type: N,
    }
}

impl<F: Future, N> ClientFuture<F, N> {
    pub(super) fn new(
        span: Option<ActiveSpan>,
        future: F,
        spans: Option<ClientSpans>,
        error_type: N,
    ) -> Self {
        Self {
            inner: InSpan::new(span, future),
            spans,
            error_type,
        }
    }
}

impl<F, R, E, N> Future for ClientFuture<F, N>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    N: ErrorType<E>,
{
    type Output = Result<Response<ClientBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (output, span) = ready!(this.inner.poll_inside(cx));
        Poll::Ready(match output {
            Ok(response) => {
                let over = response.body().is_end_stream();
                let (status, version) = (response.status(), response.version());
                let span = match (span, &*this.spans) {
                    (Some(span), Some(spans)) => {
                        spans.head(span, status, version, response.headers(), over)
                    }
                    _ => None,
                };
                Ok(response.map(|body| ClientBody::new(body, span)))
            }
            Err(error) => {
                if let Some(span) = span {
                    span.fail(this.error_type.error_type(&error), "");
                }
                Err(error)
            }
        })
    }
}
