//! `/metrics` for axum.

use std::future::Future;

use axum::body::Body;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use super::paced::Paced;
use super::request::Wanted;
use super::scrape::Status;
use super::{Exporter, Scrape, ScrapeRequest};
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
        get(move |request: Request<Body>| exporter.respond(&request))
    }

    /// The response to a scrape, for a handler of one's own (behind authentication, say).
    ///
    /// A scrape that is large, or that has to wait for collectors, is made on tokio's blocking threads; scrapes that come
    /// meanwhile, and want the same, share the next one. If the runtime is shutting down, that can fail: the answer is
    /// then 500.
    ///
    /// ```
    /// use axum::extract::Request;
    /// use axum::http::StatusCode;
    /// use axum::response::{IntoResponse, Response};
    /// use axum::{Router, routing::get};
    /// use omtx_metrics::{Exporter, Registry};
    ///
    /// let exporter = Exporter::new(&Registry::new());
    /// let app: Router = Router::new().route("/metrics", get(async move |request: Request| -> Response {
    ///     match request.headers().contains_key("authorization") {
    ///         true => exporter.respond(&request).await,
    ///         false => StatusCode::UNAUTHORIZED.into_response(),
    ///     }
    /// }));
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn respond<B>(
        &self,
        request: &Request<B>,
    ) -> impl Future<Output = Response> + Send + use<B> {
        let headers = request.headers();
        let (accept, accept_encoding) = (list(headers, &ACCEPT), list(headers, &ACCEPT_ENCODING));
        let wanted = self.wanted(
            &ScrapeRequest::new()
                .accept(&accept)
                .accept_encoding(&accept_encoding)
                .query(request.uri().query().unwrap_or_default()),
        );
        let exporter = self.clone();
        async move {
            let mut scrape = exporter.answer(wanted).await;
            let body = Paced::new(scrape.take_body()).first_turn().await;
            scrape.response(body)
        }
    }

    async fn answer(&self, wanted: Wanted) -> Scrape {
        let format = wanted.format;
        let scrape = if self.is_quick() {
            self.inner.make(&wanted)
        } else {
            // All versions of a format have the same body.
            let mut shared = wanted;
            shared.format.content_type = shared.format.format.content_type();
            let inner = std::sync::Arc::clone(&self.inner);
            let make = async move |wanted: Wanted| {
                let made = tokio::task::spawn_blocking(move || inner.make(&wanted)).await;
                made.unwrap_or_else(|_| Scrape::refused(Status::Failed))
            };
            let scrape = self.inner.rounds.join(shared, make).await;
            scrape.with_content_type(format.content_type)
        };
        self.inner.scrapes.answered(format.format, &scrape);
        scrape
    }

    /// True if a scrape does not hold up the other tasks of its thread: it waits for nobody, and is known to be short. How
    /// long the first one is, nobody knows.
    fn is_quick(&self) -> bool {
        /// Encoded in well under a millisecond.
        const SMALL: usize = 256 * 1024;
        let inner = &*self.inner;
        inner.registry.collectors().is_empty()
            && (1..=SMALL).contains(&inner.last_size.load(std::sync::atomic::Ordering::Relaxed))
            && inner.bench.try_lock().is_ok()
    }
}

/// The values of a header that is a list, as one (RFC 9110, section 5.3). What is no text says nothing.
fn list(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter().take(MAX_FIELDS);
    let texts: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    texts.join(",")
}

/// Header fields of one name that are looked at.
const MAX_FIELDS: usize = 16;

impl IntoResponse for Scrape {
    fn into_response(mut self) -> Response {
        let body = Paced::new(self.take_body());
        self.response(body)
    }
}

impl Scrape {
    fn response(&self, body: Paced) -> Response {
        let status =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers: HeaderMap = self
            .headers()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect();
        (status, headers, Body::new(body)).into_response()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{Counter, Labels};

    #[derive(Labels)]
    #[labels(crate = crate)]
    struct ShelfLabels<'a> {
        shelf: &'a str,
    }

    #[test]
    fn only_what_is_known_to_be_short_is_encoded_among_the_other_tasks() {
        let registry = Registry::builder().max_series(10_000).build().unwrap();
        let books = registry.family::<ShelfLabels<'static>, Counter>("books_total", "Books.");
        let books = books.register().unwrap();
        let exporter = Exporter::new(&registry);
        assert!(!exporter.is_quick(), "nobody knows yet");
        let _ = exporter.scrape();
        assert!(exporter.is_quick());

        for shelf in 0..10_000 {
            let shelf = format!("the shelf of number {shelf}");
            books.with(ShelfLabels { shelf: &shelf }).inc();
        }
        let _ = exporter.scrape();
        assert!(!exporter.is_quick(), "too much");
        let _ = exporter.scrape_for(&ScrapeRequest::new().query("name[]=omtx_scrapes_total"));
        assert!(!exporter.is_quick(), "a part says nothing of the whole");
    }
}
