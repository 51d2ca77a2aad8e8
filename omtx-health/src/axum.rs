//! The probes as axum routes.

use axum::Router;
use axum::body::Body;
use axum::routing::MethodRouter;

use crate::probes::{Only, Probes};
use crate::{Endpoint, Health};

impl Health {
    /// The probes: `/health`, `/health/{check}`, `/ready`, `/live` and `/startup`, to be merged into a router.
    ///
    /// Add it behind the layers of the service: a probe needs no authentication and is no request of the service's.
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use http::Request;
    /// use omtx_health::Health;
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let health = Health::builder("shop").build().unwrap();
    /// let app: Router = Router::new()
    ///     .route("/", get(async || "welcome"))
    ///     .merge(health.router());
    ///
    /// let response = app.oneshot(Request::get("/ready").body(Body::empty()).unwrap()).await.unwrap();
    /// assert_eq!(response.status(), 200);
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let check = Probes::<Body>::only(self, Only::Check);
        Router::new()
            .route("/health", self.route(Endpoint::Health))
            .route_service("/health/{check}", check)
            .route("/ready", self.route(Endpoint::Ready))
            .route("/live", self.route(Endpoint::Live))
            .route("/startup", self.route(Endpoint::Startup))
    }

    /// One probe, for a path of one's own.
    ///
    /// ```
    /// use axum::Router;
    /// use omtx_health::{Endpoint, Health};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let health = Health::builder("shop").build().unwrap();
    /// let app: Router = Router::new().route("/healthz", health.route(Endpoint::Live));
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn route<S: Clone + Send + Sync + 'static>(
        &self,
        endpoint: Endpoint<'static>,
    ) -> MethodRouter<S> {
        let probe = Probes::<Body>::only(self, Only::Endpoint(endpoint));
        axum::routing::any_service(probe)
    }
}
