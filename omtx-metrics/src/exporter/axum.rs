//! `/metrics` for axum.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use super::metrics::Code;
use super::{Exporter, Scrape};
use crate::Registry;

impl Registry {
    /// A route that answers scrapes: `GET` and `HEAD`; other methods get 405.
    ///
    /// ```
    /// use axum::Router;
    /// use omtx_metrics::Registry;
    ///
    /// let registry = Registry::new();
    /// let app: Router = Router::new().route("/metrics", registry.metrics_route());
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn metrics_route<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        Exporter::new(self).route()
    }
}

impl Exporter {
    /// A route that answers scrapes: `GET` and `HEAD`; other methods get 405.
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn route<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        let exporter = self.clone();
        get(move || {
            let exporter = exporter.clone();
            async move { exporter.respond().await }
        })
    }

    /// The response to a scrape, for a handler of one's own (behind authentication, say).
    ///
    /// A scrape that is large, or that has to wait for collectors, is made on tokio's blocking threads. If the runtime is
    /// shutting down, that can fail: the answer is then 500.
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub async fn respond(&self) -> Response {
        if !self.is_slow() {
            return self.scrape().into_response();
        }
        let exporter = self.clone();
        match tokio::task::spawn_blocking(move || exporter.scrape()).await {
            Ok(scrape) => scrape.into_response(),
            Err(_) => {
                self.count(Code::Failed);
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

impl IntoResponse for Scrape {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, self.content_type)], self.body).into_response()
    }
}
