//! Client spans: a tower layer and a middleware for `reqwest`, which send the context along and record what came of it.
//!
//! With any tower service of `http::Request`s (feature `client`):
//!
#![cfg_attr(feature = "client", doc = "```")]
#![cfg_attr(not(feature = "client"), doc = "```text")]
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use omtx_tracing::client::ClientSpans;
//! use omtx_tracing::{Propagators, testing::SpanRecorder};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! # let recorder = SpanRecorder::new();
//! # let spans = ClientSpans::new(&recorder.provider(), &Propagators::default());
//! // `let spans = telemetry.client_spans();`
//! let client = spans.layer().layer(service_fn(async |request: Request<Full<&'static [u8]>>| {
//!     assert!(request.headers().contains_key("traceparent"));
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::new(&b"hello"[..])))
//! }));
//! let request = Request::get("https://api.example.com/jobs/7?sig=secret").body(Full::default()).unwrap();
//! let response = client.oneshot(request).await.unwrap();
//! assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
//!
//! let span = recorder.span("GET");
//! assert_eq!(span.attribute("url.full"), Some(&"https://api.example.com/jobs/7?sig=REDACTED".into()));
//! assert_eq!(span.attribute("http.response.status_code"), Some(&200.into()));
//! # });
//! # Ok::<_, std::io::Error>(())
//! ```
//!
//! With `reqwest` (feature `reqwest`):
//!
//! ```text
//! let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
//!     .with(telemetry.reqwest_middleware())
//!     .build();
//! ```
//!
//! # What is recorded
//!
//! OpenTelemetry's stable conventions for HTTP client spans:
//!
//! ```text
//! POST                           CLIENT   parent: the span that is current where the request is made
//!   http.request.method          POST
//!   url.full                     https://REDACTED:REDACTED@api.example.com:8443/jobs?sig=REDACTED
//!   server.address               api.example.com
//!   server.port                  8443
//!   http.request.resend_count    1            the second attempt, and so on
//!   http.response.status_code    503
//!   network.protocol.version     1.1
//!   network.peer.address, .port  192.0.2.7, 8443    with `reqwest`, which knows them
//!   error.type                   503          status: Error, for 4xx too: to a client they are one
//! ```
//!
//! The name is the method, or method and [`UrlTemplate`] where the request has one; a method that is not known is `HTTP`.
//! Path, query and values of [captured headers](ClientSpans::request_headers) are cut at [`MAX_VALUE_LEN`] bytes, and the cuts are
//! [counted](crate::TracerProvider::values_truncated).
//!
//! # When a span begins and ends
//!
//! It begins when the request is made and ends with the response's body, read to its end or dropped. What went wrong:
//!
//! | what happened | `error.type` |
//! |---|---|
//! | a response with 4xx or 5xx | the status code |
//! | no response | what [`ErrorType`](crate::ErrorType) makes of the error; `timeout`, `connect` and the like with `reqwest` |
//! | the body failed | `body_error` |
//! | the future was dropped before a response: a timeout around it, a `select!` | `cancelled` |
//! | the client panicked | `panicked` |
//!
//! # What is sent along
//!
//! The formats of the [`Propagators`](crate::Propagators), whether the span is recorded or not, and also where telemetry is
//! disabled: the context then goes on as it came. A context and its baggage are for one's own services; what foreign ones get
//! is what [`propagate_to`](ClientSpans::propagate_to) lets through.
//!
//! # Troubleshooting
//!
//! - *Each retry looks like a first attempt.* Put [`CountResends`] outside of tower's retry layer; with `reqwest` put the
//!   middleware inside of the one that retries, and nothing else is needed.
//! - *A span is longer than the call.* The response is kept somewhere with its body unread. [`end_at_head`](ClientSpans::end_at_head)
//!   ends spans with the response's head.
//! - *Redirects have no spans of their own.* `reqwest` follows them below every middleware, and takes the first request's headers
//!   along; see [`propagate_to`](ClientSpans::propagate_to).
//! - *The parent is missing.* The request is made on a task that was spawned without the context: see
//!   [`context`](crate::context).

mod begin;
mod body;
mod method;
#[cfg(feature = "reqwest")]
mod reqwest;
mod resend;
mod spans;
mod target;
#[cfg(feature = "client")]
mod tower;

pub use self::body::ClientBody;
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestMiddleware;
pub use self::spans::{ClientSpans, UrlTemplate};
#[cfg(feature = "client")]
pub use self::tower::{
    ClientFuture, ClientLayer, ClientService, CountResends, CountResendsService,
};
pub use crate::semconv::{DEFAULT_REDACTED, MAX_VALUE_LEN};
