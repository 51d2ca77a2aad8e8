//! The layer.

#[cfg(feature = "axum")]
use crate::AxumBody;
use crate::{AnyBody, Endpoint, EndpointFn, MatchedRoute, ObserveService, Observer, RequestHead};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use tower_layer::Layer;

/// Puts an [`Observer`] around a service.
///
/// `M` is the mode: [`AnyBody`] wraps whatever body types come, `AxumBody` keeps axum's. `E` chooses the endpoint.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
/// use omtx_http::{ObserveLayer, testing::Recorder};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let recorder = Recorder::new();
/// let service = ObserveLayer::new(recorder.clone()).layer(service_fn(async |_request: Request<_>| {
///     Response::builder().status(503).body(Full::new(&b"overloaded"[..]))
/// }));
///
/// let response = service.oneshot(Request::new(Full::new(&b""[..]))).await.unwrap();
/// assert_eq!(recorder.in_flight(), 1, "the body has yet to go over");
/// response.into_body().collect().await.unwrap();
/// assert_eq!(recorder.take_lines(), ["GET unmatched 503 error"]);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
pub struct ObserveLayer<O, M = AnyBody, E = MatchedRoute> {
    observer: Arc<O>,
    endpoint: E,
    mode: PhantomData<fn() -> M>,
}

impl<O: Observer> ObserveLayer<O> {
    /// A layer for services of any body type.
    #[must_use]
    pub fn new(observer: O) -> Self {
        Self {
            observer: Arc::new(observer),
            endpoint: MatchedRoute,
            mode: PhantomData,
        }
    }
}

#[cfg(feature = "axum")]
impl<O: Observer> ObserveLayer<O, AxumBody> {
    /// A layer for [`axum::Router::layer`]; the same as [`axum_layer`](crate::axum_layer).
    #[must_use]
    pub fn axum(observer: O) -> Self {
        Self {
            observer: Arc::new(observer),
            endpoint: MatchedRoute,
            mode: PhantomData,
        }
    }
}

/// A layer for [`axum::Router::layer`].
///
/// Endpoints are the router's own templates, whole for nested and merged routers. What no route matched is
/// `unmatched`; a route whose method does not fit keeps its template and answers 405.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use omtx_http::{axum_layer, testing::Recorder};
/// use tower::ServiceExt;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let recorder = Recorder::new();
/// let app: Router = Router::new()
///     .route("/users/{id}", get(async || "Ada"))
///     .layer(axum_layer(recorder.clone()));
///
/// let response = app.oneshot(http::Request::get("/users/7").body(Body::empty()).unwrap()).await.unwrap();
/// assert_eq!(axum::body::to_bytes(response.into_body(), 1024).await.unwrap(), "Ada");
/// assert_eq!(recorder.take_lines(), ["GET /users/{id} 200 ok"]);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[cfg(feature = "axum")]
#[must_use]
pub fn axum_layer<O: Observer>(observer: O) -> ObserveLayer<O, AxumBody> {
    ObserveLayer::axum(observer)
}

impl<O, M, E> ObserveLayer<O, M, E> {
    /// Chooses the endpoint with `f`, for services without axum's router. Default: [`MatchedRoute`].
    ///
    /// Endpoints become label values: `f` must answer with one of a bounded set, never with the path itself.
    #[must_use]
    pub fn endpoint_fn<F>(self, f: F) -> ObserveLayer<O, M, EndpointFn<F>>
    where
        F: Fn(RequestHead<'_>) -> Endpoint + Clone,
    {
        ObserveLayer {
            observer: self.observer,
            endpoint: EndpointFn(f),
            mode: PhantomData,
        }
    }
}

impl<S, O, M, E: Clone> Layer<S> for ObserveLayer<O, M, E> {
    type Service = ObserveService<S, O, M, E>;

    fn layer(&self, inner: S) -> Self::Service {
        ObserveService::new(inner, Arc::clone(&self.observer), self.endpoint.clone())
    }
}

impl<O, M, E: Clone> Clone for ObserveLayer<O, M, E> {
    fn clone(&self) -> Self {
        Self {
            observer: Arc::clone(&self.observer),
            endpoint: self.endpoint.clone(),
            mode: PhantomData,
        }
    }
}

impl<O, M, E: fmt::Debug> fmt::Debug for ObserveLayer<O, M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserveLayer")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
