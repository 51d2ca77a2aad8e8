//! Which trace does a request belong to, and what became of it? [`ServerSpans`] is an observer for [`omtx_http`]'s layer that
//! gives each request its server span, or, if nobody records it, its ids alone.
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```text")]
//! use axum::{Router, routing::get};
//! use omtx_tracing::Telemetry;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), omtx_tracing::Error> {
//! let telemetry = Telemetry::builder("omtx-hub-api").build()?;
//! let app: Router = Router::new()
//!     .route("/users/{id}", get(async || "Ada"))
//!     .layer(omtx_http::axum_layer(telemetry.server_spans().trace_response(true)));
//!
//! # use tower::ServiceExt;
//! # let request = http::Request::get("/users/7?sig=secret");
//! # let request = request.header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
//! # let response = app.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
//! # let answered = response.headers()["traceresponse"].to_str().unwrap();
//! # assert!(answered.starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
//! # Ok(())
//! # }
//! ```
//!
//! What `GET /users/7?sig=secret` leaves behind, if it is recorded:
//!
//! ```text
//! GET /users/{id}                       SERVER, 3.2 ms, child of b7ad6b7169203331
//!   http.request.method                 GET
//!   url.scheme                          http
//!   url.path                            /users/7
//!   url.query                           sig=REDACTED
//!   http.route                          /users/{id}
//!   network.protocol.version            1.1
//!   server.address, server.port         api.example.org, 8080
//!   client.address                      192.0.2.1
//!   network.peer.address, .port         192.0.2.1, 50712
//!   user_agent.original                 curl/8.5.0
//!   http.response.status_code           200
//! ```
//!
//! Names are those of OpenTelemetry's stable conventions for HTTP spans.
//!
//! # From headers to spans
//!
//! 1. The caller's context is read from the headers' bytes, in the formats of `OTEL_PROPAGATORS`. Without one the request begins
//!    a trace.
//! 2. The sampler decides, before anything of a span is built. By default it does what the caller did.
//! 3. Recorded or not, the request has a trace id and a span id of its own, which all observers behind this one, log lines and
//!    outgoing calls have: [`omtx_context::TraceContext`], [`opentelemetry::Context`].
//! 4. Only if it is recorded, its attributes are read, and encoded at once.
//! 5. The span ends with the last byte of the response, or when the request ended in any other way.
//!
//! | the request | status | `error.type` | event |
//! |---|---|---|---|
//! | was answered with 1xx to 4xx | unset | | |
//! | was answered with 5xx | `Error` | the status: `503` | |
//! | was answered with a gRPC status that is the server's fault | `Error` | its name: `UNAVAILABLE` | |
//! | was given up before the response | `Error`: dropped before the response: the client went away, or a timeout fired | `cancelled` | `cancelled` |
//! | was given up during the response | `Error`: the response was dropped before its end: the client went away | `aborted` | `aborted`, with the bytes that were handed on |
//! | panicked | `Error`: the handler or a body panicked | `panicked` | `exception` |
//! | broke off in a body | `Error`: the body of the request or of the response broke off | `body_error` | `body_error`, with the same |
//! | got an `Err` from the service instead of a response | `Error`: the service failed instead of answering | `error` | |
//!
//! A status code says why by itself, and has no description. A handler's own status is not lost: `Ok` is final, and where it
//! described an `Error`, that description stays.
//!
//! # From inside a handler
//!
//! The span is OpenTelemetry's current one for as long as the handler and the body run. What is not recorded costs nothing
//! but the question:
//!
//! ```
//! use opentelemetry::KeyValue;
//! use opentelemetry::trace::get_active_span;
//!
//! async fn submit() -> &'static str {
//!     get_active_span(|span| {
//!         if span.is_recording() {
//!             span.set_attribute(KeyValue::new("job.type", "boltz2"));
//!         }
//!     });
//!     "queued"
//! }
//! # assert_eq!(tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(submit()), "queued");
//! ```
//!
//! With the feature `tracing`, spans of the `tracing` crate inside the handler are its children. The server span itself is none of
//! these: `tracing::Span::current()` is whatever the handler has entered, and none before that.
//!
//! # What strangers send
//!
//! - Malformed, repeated and oversized context headers cost their own content: the request is served, and the loss is
//!   [counted](crate::RejectedHeaders).
//! - Values that clients choose are cut at [`MAX_VALUE_LEN`] bytes, and the cuts are
//!   [counted](crate::TracerProvider::values_truncated).
//! - The values of [`DEFAULT_REDACTED`] query parameters are not shown, and of headers only what
//!   [was asked for](ServerSpans::request_headers), credentials left out.
//! - Where a request came from is believed only of [proxies that are trusted](ServerSpans::trusted_proxies).
//! - A stranger's `traceparent` chooses the trace, and with a parent-based sampler whether it is recorded. Where strangers reach
//!   the service directly, say [`public_endpoint`](ServerSpans::public_endpoint).
//!
//! # Troubleshooting
//!
//! - *No span for the probes.* [`DEFAULT_SKIPPED`] are left out; [`ServerSpans::skip`] says which.
//! - *No span for anything.* Nobody exports (`OTEL_SDK_DISABLED`, no endpoint), or the caller sent `…-00`: its trace is not sampled.
//! - *Spans are called `GET`, without a route.* The layer is outside the router; see [`omtx_http`], "Troubleshooting".
//! - *Log lines lack the trace.* `ServerSpans` stands behind the access log in the tuple. Put it first.
//! - *`client.address` is the load balancer's, or missing.* Say how many [proxies](ServerSpans::trusted_proxies) there are; serve with
//!   `into_make_service_with_connect_info::<SocketAddr>()` and the feature `axum`, or set [`ServerSpans::peer`].
//! - *`url.scheme` is `http` behind TLS.* A service cannot see that its proxy speaks TLS: trust the proxy, or set
//!   [`ServerSpans::scheme`].

mod attributes;
mod ip;
mod name;
mod observer;
mod options;
mod outcome;
mod proxies;
mod server_spans;

pub use crate::semconv::{DEFAULT_REDACTED, MAX_VALUE_LEN};
pub use observer::ServerSpan;
pub use options::DEFAULT_SKIPPED;
pub use proxies::ForwardedHeaders;
pub use server_spans::ServerSpans;
