use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::ClientFuture;
use crate::client::begin::Outgoing;
use crate::client::resend::resends;
use crate::client::target::Target;
use crate::client::{ClientBody, ClientSpans};
use crate::{ErrorType, TypeName};

/// What [`ClientLayer`](super::ClientLayer) makes of a service.
#[derive(Clone, Debug)]
pub struct ClientService<S, N = TypeName> {
    inner: S,
    spans: ClientSpans,
    error_type: N,
}

impl<S, N> ClientService<S, N> {
    pub(super) fn new(inner: S, spans: ClientSpans, error_type: N) -> Self {
        Self {
            inner,
            spans,
            error_type,
        }
    }
}

impl<S, N, Q, R> Service<Request<Q>> for ClientService<S, N>
where
    S: Service<Request<Q>, Response = Response<R>>,
    N: ErrorType<S::Error> + Clone,
    R: Body,
{
    type Response = Response<ClientBody<R>>;
    type Error = S::Error;
    type Future = ClientFuture<S::Future, N>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let resends = resends(&parts.extensions);
        let mut headers = std::mem::take(&mut parts.headers);
        // The headers are written to, and where the target says only a path, one of them says the host.
        let host = match parts.uri.authority() {
            Some(_) => None,
            None => headers.get(http::header::HOST).cloned(),
        };
        let outgoing = Outgoing {
            method: &parts.method,
            target: Target::of(&parts.uri, host.as_ref()),
            template: parts.extensions.get().copied(),
            resends,
        };
        let span = self.spans.begin(&outgoing, &mut headers);
        parts.headers = headers;
        let request = Request::from_parts(parts, body);
        let future = match &span {
            Some(span) => span.in_scope(|| self.inner.call(request)),
            None => self.inner.call(request),
        };
        let spans = span.is_some().then(|| self.spans.clone());
        ClientFuture::new(span, future, spans, self.error_type.clone())
    }
}
