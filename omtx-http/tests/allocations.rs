//! What the walk allocates, beside an identity layer that holds an `Arc`. Alone in its binary: it installs an allocator.

#![cfg(feature = "axum")]
#![allow(unsafe_code)]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::{FutureExt, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use omtx_http::{ObserveLayer, RequestBody, axum_layer, on_end};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use tower::{Layer, Service, ServiceExt, service_fn};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is the system allocator's own; the count beside it touches no heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` allocates on this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// The least that a layer with something to share costs.
#[derive(Clone)]
struct Identity<S>(S, Arc<AtomicU64>);

impl<S: Service<Request<Body>>> Service<Request<Body>> for Identity<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.1.fetch_add(1, Relaxed);
        self.0.call(request)
    }
}

fn routes() -> Router {
    Router::new()
        .route("/empty", get(async || ()))
        .route("/full", get(async || "hello"))
        .route(
            "/stream",
            get(async || Body::from_stream(stream::iter([Ok::<_, Infallible>("one"), Ok("two")]))),
        )
        .route("/upload", post(async |body: Bytes| drop(body)))
}

/// A whole request through `app`: what it costs from the call to the last byte of the response.
fn cost(app: &Router, request: impl Fn() -> Request<Body>) -> u64 {
    let run = || {
        let (app, request) = (app.clone(), request());
        allocations(|| {
            let response = app
                .oneshot(request)
                .now_or_never()
                .expect("nothing waits here")
                .unwrap();
            let mut body = response.into_body();
            while let Some(frame) = body.frame().now_or_never().expect("nothing waits here") {
                frame.unwrap();
            }
        })
    };
    run(); // Whatever is initialised once is.
    run()
}

/// How many allocations an observer of everything adds to the request.
fn added(request: impl Fn() -> Request<Body>) -> u64 {
    let ends = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&ends);
    let observer = (
        on_end(move |_, _| {
            counted.fetch_add(1, Relaxed);
        }),
        Some(()),
        Arc::new(()),
    );
    let observed = cost(&routes().layer(axum_layer(observer)), &request);
    assert_eq!(ends.load(Relaxed), 2);
    let shared = Arc::<AtomicU64>::default();
    let identity = routes().layer(tower::layer::layer_fn(move |inner| {
        Identity(inner, Arc::clone(&shared))
    }));
    observed - cost(&identity, &request)
}

fn get_path(path: &'static str) -> impl Fn() -> Request<Body> {
    move || Request::get(path).body(Body::empty()).unwrap()
}

#[test]
fn empty_bodies_pass_through_without_an_allocation() {
    assert_eq!(added(get_path("/empty")), 0);
    assert_eq!(added(get_path("/nothing-here")), 0);
}

#[test]
fn a_response_body_costs_the_box_that_axum_makes_of_it() {
    assert_eq!(added(get_path("/full")), 1);
    assert_eq!(added(get_path("/stream")), 1);
}

#[test]
fn an_upload_costs_its_box_and_its_count() {
    assert_eq!(
        added(|| Request::post("/upload").body(Body::from("hello")).unwrap()),
        2
    );
}

#[test]
fn without_axum_only_an_upload_costs_anything() {
    async fn hello(
        request: Request<RequestBody<Full<Bytes>>>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let mut upload = request.into_body();
        while upload.frame().await.transpose()?.is_some() {}
        Ok(Response::new(Full::new(Bytes::from_static(b"hello"))))
    }

    let mut service = ObserveLayer::new(()).layer(service_fn(hello));
    for (upload, expected) in [("", 0), ("upload", 1)] {
        let request = Request::new(Full::new(Bytes::from_static(upload.as_bytes())));
        let made = allocations(|| {
            let mut body = service
                .call(request)
                .now_or_never()
                .unwrap()
                .unwrap()
                .into_body();
            body.frame().now_or_never().unwrap().unwrap().unwrap();
        });
        assert_eq!(made, expected);
    }
}
