use tower_layer::Layer;

use super::ClientService;
use crate::client::ClientSpans;
use crate::{Telemetry, TypeName};

/// Gives each request of a client a span; see the [module](crate::client).
#[derive(Clone, Debug)]
pub struct ClientLayer<N = TypeName> {
    spans: ClientSpans,
    error_type: N,
}

impl ClientSpans {
    /// A layer for tower services that take [`http::Request`]s.
    #[must_use]
    pub fn layer(self) -> ClientLayer {
        ClientLayer {
            spans: self,
            error_type: TypeName,
        }
    }
}

impl<N> ClientLayer<N> {
    /// Takes `error.type` of failed calls from `error_type`: a closure `Fn(&E) -> &'static str`, or another
    /// [`ErrorType`](crate::ErrorType). [`TypeName`] by default.
    ///
    /// ```
    /// use omtx_tracing::Telemetry;
    /// use std::io;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("hub").build()?;
    /// let layer = telemetry.client_layer().error_type(|error: &io::Error| match error.kind() {
    ///     io::ErrorKind::TimedOut => "timeout",
    ///     io::ErrorKind::ConnectionRefused => "connect",
    ///     _ => "_OTHER",
    /// });
    /// # let _ = layer;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn error_type<T>(self, error_type: T) -> ClientLayer<T> {
        ClientLayer {
            spans: self.spans,
            error_type,
        }
    }
}

impl<S, N: Clone> Layer<S> for ClientLayer<N> {
    type Service = ClientService<S, N>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientService::new(inner, self.spans.clone(), self.error_type.clone())
    }
}

impl Telemetry {
    /// A tower layer that gives each request of a client a span, and sends the context along; see [`client`](crate::client).
    ///
    /// ```
    /// use http_body_util::Empty;
    /// use omtx_tracing::Telemetry;
    /// use tower::ServiceBuilder;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("hub").build()?;
    /// let client = ServiceBuilder::new()
    ///     .layer(telemetry.client_layer())
    ///     .service_fn(async |_: http::Request<Empty<&[u8]>>| {
    ///         Ok::<_, std::io::Error>(http::Response::new(Empty::<&[u8]>::new()))
    ///     });
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn client_layer(&self) -> ClientLayer {
        self.client_spans().layer()
    }
}
