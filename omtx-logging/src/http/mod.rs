//! Which request does a line belong to, and how did each request end? Two observers for
//! [`omtx_http`]'s layer: [`RequestScope`] gives every request its `request_id`, [`AccessLog`] writes its one line.
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use omtx_logging::Logging;
//! use omtx_logging::http::{AccessLog, RequestScope};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), omtx_logging::Error> {
//! # let lines = omtx_logging::testing::Lines::default();
//! let logging = Logging::builder("omtx-hub-api").sink(lines.clone()).build()?; // `install()` in a service
//! # let _default = tracing::subscriber::set_default(logging.subscriber());
//! let app = Router::new()
//!     .route("/users/{id}", get(async || tracing::info!("Processing API request")))
//!     .layer(omtx_http::axum_layer((RequestScope::new(), AccessLog::for_logging(&logging))));
//! # use tower::ServiceExt;
//! # let request = axum::http::Request::get("/users/7").header("x-request-id", "req-12345");
//! # let response = app.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
//! # axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
//!
//! let lines = lines.take();
//! assert!(lines[0].contains(r#""message":"Processing API request""#) && lines[0].contains(r#""request_id":"req-12345""#));
//! assert!(lines[1].contains(r#""message":"request completed""#) && lines[1].contains(r#""request_id":"req-12345""#));
//! # Ok(())
//! # }
//! ```
//!
//! ```json
//! {"timestamp":"2025-01-20T18:00:00.000000Z","level":"INFO","logger":"omtx_logging::http","message":"request completed",
//!  "service":{"name":"omtx-hub-api"},"request_id":"req-12345","user_id":"user-67890","method":"GET","endpoint":"/users/{id}",
//!  "status":200,"outcome":"ok","request_bytes":0,"response_bytes":412,
//!  "performance":{"operation":"http_request","duration_ms":3.25,"head_ms":3.125}}
//! ```
//!
//! The line is written when the last byte of the response was handed on, or when the request ended in any other way: the
//! client gone before or during the response, a panic, a body that failed. Its `outcome` is the label `end` of
//! `http_request_ends_total`, so that a line can be found for what a graph shows.

mod access_log;
mod fields;
mod request_id;
mod request_scope;

pub use access_log::{AccessLog, DEFAULT_SKIPPED, DEFAULT_SLOW};
pub use request_id::{MAX_REQUEST_ID_LEN, new_request_id, valid_request_id};
pub use request_scope::{DEFAULT_REQUEST_ID_HEADER, RequestScope};
