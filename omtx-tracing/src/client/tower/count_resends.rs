//! Attempts of one request, counted outside of whatever retries.

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::client::resend::Sent;

/// Lets client spans count the attempts of a request: `http.request.resend_count`. Its place is outside of the layer that
/// retries, whose copies of a request keep its extensions.
///
/// ```
/// use omtx_tracing::Telemetry;
/// use omtx_tracing::client::CountResends;
/// use tower::ServiceBuilder;
///
/// # fn main() -> Result<(), omtx_tracing::Error> {
/// # let telemetry = Telemetry::builder("hub").build()?;
/// # #[derive(Clone)] struct Policy;
/// # impl<Q: Clone, R, E> tower::retry::Policy<Q, R, E> for Policy {
/// #     type Future = std::future::Ready<()>;
/// #     fn retry(&mut self, _: &mut Q, _: &mut Result<R, E>) -> Option<Self::Future> { None }
/// #     fn clone_request(&mut self, request: &Q) -> Option<Q> { Some(request.clone()) }
/// # }
/// let layers = ServiceBuilder::new()
///     .layer(CountResends::new())
///     .retry(Policy)
///     .layer(telemetry.client_layer());
/// # let _ = layers;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CountResends;

impl CountResends {
    /// The layer.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for CountResends {
    type Service = CountResendsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CountResendsService { inner }
    }
}

/// What [`CountResends`] makes of a service.
#[derive(Clone, Copy, Debug)]
pub struct CountResendsService<S> {
    inner: S,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for CountResendsService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(Sent::default());
        self.inner.call(request)
    }
}
