//! From a request to an answer, whatever server asks.

mod accept;
mod endpoint;
mod query;
mod respond;

pub use endpoint::Endpoint;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const HEALTH_JSON: HeaderValue = HeaderValue::from_static("application/health+json");

/// The answer to a probe: a status, a few headers, and a body of at most 10 KiB.
///
/// Every answer has `cache-control: no-store`. For axum and tower there are ready-made services; a server of another kind
/// makes its own response of it:
///
/// ```
/// use omtx_health::{Endpoint, Health};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let health = Health::builder("shop").build().unwrap();
/// let (head, _body) = http::Request::get("/ready").body(()).unwrap().into_parts();
///
/// let answer = health.answer(Endpoint::Ready, &head);
/// assert_eq!(answer.status(), 200);
/// assert_eq!(answer.body(), r#"{"status":"ready"}"#);
/// assert_eq!(answer.headers()["cache-control"], "no-store");
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "an answer is for the client"]
pub struct Answer {
    status: StatusCode,
    body: Bytes,
    content_type: Option<HeaderValue>,
    /// `HEAD`: the headers of a `GET`, without its body.
    head_only: bool,
    negotiated: bool,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Self {
        Self {
            status,
            body,
            content_type: Some(content_type),
            head_only: false,
            negotiated: false,
        }
    }

    pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(status, JSON, body.into())
    }

    /// Probes only read.
    pub(crate) fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            body: Bytes::new(),
            content_type: None,
            head_only: false,
            negotiated: false,
        }
    }

    /// The body depends on what the client accepts.
    pub(crate) fn negotiated(mut self) -> Self {
        self.negotiated = true;
        self
    }

    pub(crate) fn head_only(mut self, head_only: bool) -> Self {
        self.head_only = head_only;
        self
    }

    /// The status: 200, 503, 404 for a check that is not there, 405 for a method other than `GET` and `HEAD`.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body; empty for `HEAD`.
    #[must_use]
    pub fn body(&self) -> Bytes {
        if self.head_only {
            Bytes::new()
        } else {
            self.body.clone()
        }
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match &self.content_type {
            Some(content_type) => {
                headers.insert(CONTENT_TYPE, content_type.clone());
            }
            None => {
                // RFC 9110, 15.5.6: a 405 says what is allowed.
                headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
        }
        if self.negotiated {
            headers.insert(VARY, HeaderValue::from_static("accept"));
        }
        if self.head_only {
            // A server would take it from the body, which `HEAD` has not.
            headers.insert(CONTENT_LENGTH, self.body.len().into());
        }
        headers
    }

    /// The answer as a response with a body of the server's type.
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        let headers = self.headers();
        let body = if self.head_only {
            Bytes::new()
        } else {
            self.body
        };
        let mut response = Response::new(B::from(body));
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        response
    }
}
