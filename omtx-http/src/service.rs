//! The service.

use crate::exchange::Exchange;
use crate::{
    AnyBody, EndpointSource, MatchedRoute, ObserveFuture, Observer, RequestBody, RequestHead,
    WrapRequest, WrapResponse,
};
use http::{Request, Response};
use http_body::Body;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// The service that [`ObserveLayer`](crate::ObserveLayer) makes: the inner one, observed.
///
/// A request starts at [`call`](Service::call), not at the first poll of its future.
pub struct ObserveService<S, O, M = AnyBody, E = MatchedRoute> {
    inner: S,
    observer: Arc<O>,
    endpoint: E,
    mode: PhantomData<fn() -> M>,
}

impl<S, O, M, E> ObserveService<S, O, M, E> {
    pub(crate) fn new(inner: S, observer: Arc<O>, endpoint: E) -> Self {
        Self {
            inner,
            observer,
            endpoint,
            mode: PhantomData,
        }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, no longer observed.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, O, M, E, ReqB, ResB> Service<Request<ReqB>> for ObserveService<S, O, M, E>
where
    S: Service<Request<<M as WrapRequest<ReqB>>::Body>, Response = Response<ResB>>,
    O: Observer,
    M: WrapRequest<ReqB> + WrapResponse<ResB, O>,
    E: EndpointSource,
    ReqB: Body,
    ResB: Body,
{
    type Response = Response<<M as WrapResponse<ResB, O>>::Body>;
    type Error = S::Error;
    type Future = ObserveFuture<S::Future, O, M>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        let endpoint = self.endpoint.endpoint(RequestHead::from(&request));
        let mut exchange = Exchange::start(Arc::clone(&self.observer), &mut request, endpoint);
        let mut guard = exchange.guard();
        let request = <M as WrapRequest<ReqB>>::wrap_request(request, |body| {
            let body = RequestBody::new(body);
            guard.watch_upload(body.upload());
            body
        });
        let inner = guard.in_scope(|| self.inner.call(request));
        guard.defuse();
        ObserveFuture::new(inner, exchange)
    }
}

impl<S: Clone, O, M, E: Clone> Clone for ObserveService<S, O, M, E> {
    fn clone(&self) -> Self {
        Self::new(
            self.inner.clone(),
            Arc::clone(&self.observer),
            self.endpoint.clone(),
        )
    }
}

impl<S: fmt::Debug, O, M, E: fmt::Debug> fmt::Debug for ObserveService<S, O, M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserveService")
            .field("inner", &self.inner)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
