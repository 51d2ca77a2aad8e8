//! The life of one HTTP request, observed once for everybody.
//!
//! *What happened to every request that came in?* Metrics, the access log and traces all need the answer, and each
//! gets it wrong in its own way when it has a layer of its own: durations that stop at the response head, gauges that
//! never come down after a client hung up, panics that leave no trace. This crate has the one layer that follows a
//! request from its first moment to the last byte of its response, calls [`Observer`]s on the way, and reports
//! **exactly one end for every request that was started**, whatever happens.
//!
//! # Quickstart
//!
//! With axum (feature `axum`):
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```text")]
//! use axum::{Router, routing::get};
//!
//! let app: Router = Router::new()
//!     .route("/users/{id}", get(async || "Ada"))
//!     .layer(omtx_http::axum_layer(omtx_http::on_end(|slot, end| {
//!         println!(
//!             "{} {} {} {} {:?} {}B",
//!             slot.method(), slot.endpoint(), end.status(), end.kind(), end.duration(), end.response_bytes(),
//!         );
//!     })));
//! # assert!(app.has_routes());
//! ```
//!
//! prints, for a request that was served, one for which no route exists, one whose client hung up while the handler was
//! working, and one whose client hung up in the middle of the body:
//!
//! ```text
//! GET /users/{id} 200 ok 41.2µs 3B
//! GET unmatched 404 ok 3.1µs 0B
//! GET /users/{id} 499 cancelled 1.204s 0B
//! GET /users/{id} 200 aborted 380.5ms 65536B
//! ```
//!
//! With hyper or any other tower service, of any body type, it is [`ObserveLayer::new`], and
//! [`endpoint_fn`](ObserveLayer::endpoint_fn) says which route a request belongs to:
//!
//! ```
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use omtx_http::{Endpoint, ObserveLayer, testing::Recorder};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let recorder = Recorder::new();
//! let layer = ObserveLayer::new(recorder.clone()).endpoint_fn(|request| match request.uri().path() {
//!     "/hello" => Endpoint::from_static("/hello"),
//!     _ => Endpoint::UNMATCHED,
//! });
//!
//! let service = layer.layer(service_fn(async |_request: Request<_>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::new(&b"hello"[..])))
//! }));
//! let response = service.oneshot(Request::get("/hello").body(Full::new(&b""[..])).unwrap()).await.unwrap();
//! assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
//! assert_eq!(recorder.take_lines(), ["GET /hello 200 ok"]);
//! # });
//! # Ok::<_, std::io::Error>(())
//! ```
//!
//! # When a request begins and ends
//!
//! It begins when the layer's service is called. It ends with its response body, and a body is at its end when it
//!
//! - yields `None` or trailers, or says [`is_end_stream`](http_body::Body::is_end_stream) (asked right after each frame);
//! - has delivered its declared length (its exact size hint, else `content-length`), because hyper stops polling there;
//! - has no content by definition: a response to `HEAD`, a 1xx, 204 or 304, a successful `CONNECT`. Such a request ends
//!   at its head, and so does a WebSocket upgrade ([`Class::Upgrade`]).
//!
//! | what happened | [`EndKind`] | [`End::status`] |
//! |---|---|---|
//! | the response went over to its end | `ok` | as sent |
//! | the same, with a 5xx status or a `grpc-status` that is the server's fault | `error` | as sent |
//! | the inner service returned `Err` instead of a response | `error` | 500 |
//! | the future was dropped before a response | `cancelled` | 499 |
//! | the response body was dropped before its end | `aborted` | as sent |
//! | the handler or a body panicked | `panicked` | 500 |
//! | the response body yielded an error | `body_error` | as sent |
//! | the response went over, but the request body had yielded an error to the handler | `body_error` | as sent |
//!
//! "To its end" means handed to the server; bytes that the kernel still holds when the client vanishes count as sent.
//! The clock is read at the start, at the head and at the end, once for all observers.
//!
//! # Several observers
//!
//! Observers form tuples. They are started first to last and ended last to first, so that the first one's scope holds
//! for all the others, and share one [`Slot`] per request. [`Observer::in_scope`] lets each make something current
//! (a log scope, a span) for every poll of the handler and of the body. State is kept inline, in the future and then in the
//! body: a request costs no allocation beyond the boxes that axum itself makes for a changed body.
//!
//! In tests, [`testing::Recorder`] remembers the ends.
//!
//! # What happens on failure
//!
//! - A panic is noted and goes on; this crate never catches the application's panics. Put a layer that does (such as
//!   tower-http's `CatchPanicLayer`) *outside* this one and the end is `panicked`; put it inside and it is the 500
//!   `error` that the client sees.
//! - An observer's own panic never costs another observer its end; see [`Observer`].
//! - A future or body that is leaked ([`std::mem::forget`]) never ends: nothing can see it.
//! - A process that exits or is killed ends nothing; drain first.
//!
//! # Troubleshooting
//!
//! - *Every endpoint is `unmatched`.* Without axum's router there is no route to find: use
//!   [`endpoint_fn`](ObserveLayer::endpoint_fn). With it, enable the feature `axum` and use `Router::layer`, which runs after
//!   routing; a layer around the whole router runs before. For a router mounted with `nest_service`, put the layer on
//!   that router.
//! - *A route is not observed.* `Router::layer` covers the routes added before it: call it last.
//! - *Every request is reported twice.* The layer wraps an inner router and the outer one. Wrap once.
//! - *More allocations than expected with axum.* `ObserveLayer::new` wraps every body, and axum boxes what is wrapped;
//!   `axum_layer` leaves bodies alone that are empty or over.
//! - *Many `aborted` on a route that works.* Something between this layer and the server reads only part of the body and
//!   drops it; put this layer outside of it.
//! - *Byte counts differ from the client's.* They are of the content as this layer sees it, before a compression layer
//!   outside it.
//! - *A client that hung up during its upload is noticed late.* On HTTP/1, hyper sees the connection close only while
//!   the handler reads the upload, or once it has been read; until then the request is in flight.
//! - *Uploads over a limit are `body_error`.* A limit outside this layer (tower-http's `RequestBodyLimitLayer`) breaks
//!   the body off, and that is what is seen; inside, or with axum's `DefaultBodyLimit`, it is a 413 like any other.
//! - *A timeout shows as `cancelled`.* A timeout layer outside this one drops the future; inside, its 408 or 504 is
//!   what is seen.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod class;
mod end;
mod endpoint;
mod exchange;
mod future;
mod layer;
mod method;
mod mode;
mod observer;
mod request_body;
mod route;
mod service;
mod slot;
pub mod testing;

pub use body::ResponseBody;
pub use class::Class;
pub use end::{End, EndKind};
pub use endpoint::{Endpoint, PROBES};
pub use future::ObserveFuture;
pub use layer::ObserveLayer;
#[cfg(feature = "axum")]
pub use layer::axum_layer;
pub use method::Method;
#[cfg(feature = "axum")]
pub use mode::AxumBody;
pub use mode::{AnyBody, WrapRequest, WrapResponse};
pub use observer::{Observer, OnEnd, on_end};
pub use request_body::RequestBody;
pub use route::{EndpointFn, EndpointSource, MatchedRoute, RequestHead};
pub use service::ObserveService;
pub use slot::Slot;

/// The README's code is compiled with the crate.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
mod readme {}
