//! How often a request was sent before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use http::Extensions;

/// In a request's extensions, and in those of its copies: how often one of them was sent.
#[derive(Clone, Debug, Default)]
struct Sent(Arc<AtomicU32>);

/// How often the request, or one that it is a copy of, was sent before; counts it.
#[cfg(feature = "client")]
pub(super) fn resends(extensions: &mut Extensions) -> u32 {
    extensions
        .get::<Sent>()
        .map_or(0, |Sent(sent)| sent.fetch_add(1, Relaxed))
}

/// The same where the extensions stay, and the requests are made anew.
#[cfg(feature = "reqwest")]
pub(super) fn resends_of_call(extensions: &mut Extensions) -> u32 {
    extensions
        .get_or_insert_default::<Sent>()
        .0
        .fetch_add(1, Relaxed)
}

#[cfg(feature = "client")]
mod layer {
    use std::task::{Context, Poll};

    use http::Request;
    use tower_layer::Layer;
    use tower_service::Service;

    use super::Sent;

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
}

#[cfg(feature = "client")]
pub use layer::{CountResends, CountResendsService};
