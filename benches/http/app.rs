//! The service that is asked, and the requests that ask it: in process, without sockets, on one thread.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use omtx_benches::Run;
use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service};

pub(crate) fn router() -> Router {
    Router::new()
        .route("/api/v1/users", get(async || Json(["ada", "grace"])))
        .route(
            "/api/v1/users/{id}",
            get(async |Path(id): Path<u32>| format!("user {id}"))
                .delete(async || StatusCode::NO_CONTENT),
        )
        .route(
            "/api/v1/jobs",
            post(async |body: Bytes| (StatusCode::ACCEPTED, format!("{} bytes", body.len()))),
        )
}

/// Which requests a row makes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Requests {
    /// A list, an item, an upload whose body is whole, a deletion, in turns.
    Mixed,
    /// An upload whose body comes in two chunks.
    StreamedUpload,
}

/// Sends requests through `router`, one after the other, each to the end of its response.
pub(crate) fn requests(router: Router, requests: Requests) -> Run {
    requests_with(router, requests, &[], |work| work())
}

/// The same with more headers, and each round inside `around`.
pub(crate) fn requests_with(
    router: Router,
    requests: Requests,
    headers: &[(&'static str, &'static str)],
    around: impl Fn(&mut dyn FnMut()) + 'static,
) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let samples = Samples::new(headers);
    let mut service = router.into_service::<Body>();
    Run::batch(move |times| {
        around(&mut || {
            runtime.block_on(async {
                for i in 0..times {
                    let request = match requests {
                        Requests::Mixed => samples.mixed(i),
                        Requests::StreamedUpload => samples.streamed_upload(),
                    };
                    let Ok(response) = service.call(request).await;
                    assert!(response.status().is_success());
                    let mut body = response.into_body();
                    // As hyper does: not polled once it says that it is over.
                    while !http_body::Body::is_end_stream(&body) {
                        match body.frame().await {
                            Some(frame) => drop(black_box(frame)),
                            None => break,
                        }
                    }
                }
            })
        });
    })
}

/// Parts that are cloned into each request, as cheaply as a server would have made them.
struct Samples {
    headers: HeaderMap,
    list: Uri,
    item: Uri,
    jobs: Uri,
}

impl Samples {
    fn new(more: &[(&'static str, &'static str)]) -> Self {
        let mut headers = HeaderMap::new();
        for &(name, value) in more {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(header::HOST, HeaderValue::from_static("api.example.org"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("bench/1.0"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Self {
            headers,
            list: Uri::from_static("/api/v1/users"),
            item: Uri::from_static("/api/v1/users/17"),
            jobs: Uri::from_static("/api/v1/jobs?job_type=gc"),
        }
    }

    fn mixed(&self, i: u64) -> Request<Body> {
        match i % 4 {
            0 => self.request(Method::GET, &self.list, Body::empty()),
            1 => self.request(Method::GET, &self.item, Body::empty()),
            2 => self.request(Method::POST, &self.jobs, Body::from("ACGTACGT")),
            _ => self.request(Method::DELETE, &self.item, Body::empty()),
        }
    }

    fn streamed_upload(&self) -> Request<Body> {
        let chunks =
            ["ACGT", "ACGT"].map(|chunk| Ok::<_, Infallible>(Bytes::from_static(chunk.as_bytes())));
        self.request(
            Method::POST,
            &self.jobs,
            Body::from_stream(stream::iter(chunks)),
        )
    }

    fn request(&self, method: Method, uri: &Uri, body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri.clone();
        request.headers_mut().clone_from(&self.headers);
        request
    }
}

/// A layer that does nothing but hold an `Arc`, as any layer with state does.
pub(crate) fn identity()
-> impl Layer<axum::routing::Route, Service = Identity<axum::routing::Route>> + Clone {
    let state = Arc::new(());
    tower::layer::layer_fn(move |inner| Identity {
        inner,
        _state: Arc::clone(&state),
    })
}

/// See [`identity`].
#[derive(Clone)]
pub(crate) struct Identity<S> {
    inner: S,
    _state: Arc<()>,
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Identity<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.inner.call(request)
    }
}
