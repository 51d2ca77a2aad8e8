//! The layer that counts requests and sends clients away.

use tower_layer::Layer;

use super::{Drain, DrainService};

impl Drain {
    /// A layer that counts [requests in flight](Self::in_flight), and, while the service drains, has HTTP/1 clients close
    /// their connections with the response that they get (`connection: close`), so that their next request goes elsewhere.
    ///
    /// HTTP/2 clients are told by the server (`GOAWAY`) when it stops. `Server` has this layer already.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use omtx_health::Drain;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let drain = Drain::default();
    /// let service = drain.layer().layer(service_fn(async |_: Request<()>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from("hello"))))
    /// }));
    ///
    /// drain.start();
    /// let response = service.oneshot(Request::new(())).await.unwrap();
    /// assert_eq!(response.headers()["connection"], "close");
    /// assert_eq!(drain.in_flight(), 1, "its body has yet to go over");
    /// drop(response);
    /// assert_eq!(drain.in_flight(), 0);
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn layer(&self) -> DrainLayer {
        DrainLayer {
            drain: self.clone(),
        }
    }
}

/// See [`Drain::layer`].
#[derive(Clone, Debug)]
pub struct DrainLayer {
    drain: Drain,
}

impl<S> Layer<S> for DrainLayer {
    type Service = DrainService<S>;

    fn layer(&self, inner: S) -> DrainService<S> {
        DrainService::new(inner, self.drain.clone())
    }
}
