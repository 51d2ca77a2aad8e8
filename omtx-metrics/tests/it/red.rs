//! RED metrics, through an axum router.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use omtx_metrics::Registry;
use omtx_metrics::http::{HttpNames, RedObserver};
use omtx_metrics::testing::Exposition;
use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::task::Poll;
use tower::ServiceExt;

fn routes() -> Router {
    Router::new()
        .route("/jobs/{id}", get(|| async { "queued" }))
        .route("/fails", get(|| async { StatusCode::BAD_GATEWAY }))
        .route(
            "/upload",
            post(|body: Bytes| async move { body.len().to_string() }),
        )
        .route("/hangs", get(|| async { pending::<()>().await }))
        .route("/panics", get(|| async { boom() }))
        .route(
            "/streams",
            get(|| async { Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()) }),
        )
        .route(
            "/breaks",
            get(|| async { Body::from_stream(stream::iter([Err::<Bytes, _>("broken")])) }),
        )
        .route(
            "/events",
            get(|| async {
                let events =
                    stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"data: 1\n\n"))]);
                (
                    [(header::CONTENT_TYPE, "text/event-stream")],
                    Body::from_stream(events),
                )
            }),
        )
        .route("/metrics", get(|| async { "a scrape" }))
}

fn boom() {
    panic!("a handler's panic")
}

fn app(red: RedObserver) -> Router {
    routes().layer(omtx_http::axum_layer(red))
}

async fn send(app: &Router, method: &str, path: &str, body: &str) -> Response<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::from(body.to_owned()))
        .unwrap();
    app.clone().oneshot(request).await.unwrap()
}

async fn finish(app: &Router, method: &str, path: &str, body: &str) -> StatusCode {
    let response = send(app, method, path, body).await;
    let status = response.status();
    let _ = response.into_body().collect().await;
    status
}

/// Polls `future` once, and drops it.
async fn once<F: Future>(future: F) -> Poll<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

fn read(registry: &Registry) -> Exposition {
    Exposition::parse(&registry.to_text()).unwrap()
}

#[tokio::test]
async fn a_request_leaves_one_of_everything_behind() {
    let registry = Registry::builder().namespace("omtx_hub").build().unwrap();
    let app = app(RedObserver::new(&registry).unwrap());
    finish(&app, "GET", "/jobs/7", "").await;

    let read = read(&registry);
    let route = [("method", "GET"), ("endpoint", "/jobs/{id}")];
    let with = |name, value| [route[0], route[1], (name, value)];
    assert_eq!(
        read.read("http_requests_total", &with("status", "200")),
        Some(1.0)
    );
    for end in [
        "ok",
        "error",
        "cancelled",
        "aborted",
        "panicked",
        "body_error",
    ] {
        let expected = if end == "ok" { 1.0 } else { 0.0 };
        assert_eq!(
            read.read("http_request_ends_total", &with("end", end)),
            Some(expected),
            "{end}"
        );
    }
    assert_eq!(read.read("http_requests_in_flight", &route), Some(0.0));
    assert_eq!(
        read.read("http_request_duration_seconds_count", &route),
        Some(1.0)
    );
    assert_eq!(
        read.read("http_response_head_seconds_count", &route),
        Some(1.0)
    );
    assert_eq!(read.read("http_request_size_bytes_sum", &route), Some(0.0));
    assert_eq!(read.read("http_response_size_bytes_sum", &route), Some(6.0));
}

#[tokio::test]
async fn sizes_are_what_was_read_and_delivered() {
    let registry = Registry::new();
    let app = app(RedObserver::new(&registry).unwrap());
    finish(&app, "POST", "/upload", &"x".repeat(1_000)).await;
    let route = [("method", "POST"), ("endpoint", "/upload")];
    assert_eq!(
        read(&registry).read("http_request_size_bytes_sum", &route),
        Some(1_000.0)
    );
    assert_eq!(
        read(&registry).read("http_response_size_bytes_sum", &route),
        Some(4.0)
    );
}

#[tokio::test]
async fn every_end_has_its_row_and_nothing_stays_in_flight() {
    let registry = Registry::new();
    let app = app(RedObserver::new(&registry).unwrap());
    finish(&app, "GET", "/fails", "").await;
    finish(&app, "GET", "/breaks", "").await;
    // Dropped before the response: a poll, so that it has begun.
    let hangs = send(&app, "GET", "/hangs", "");
    assert!(once(hangs).await.is_pending());
    // Dropped in the middle of the body.
    drop(send(&app, "GET", "/streams", "").await);
    let panics = tokio::spawn({
        let app = app.clone();
        async move { send(&app, "GET", "/panics", "").await }
    });
    assert!(panics.await.unwrap_err().is_panic());

    let read = read(&registry);
    for (endpoint, end, status) in [
        ("/fails", "error", "502"),
        ("/breaks", "body_error", "200"),
        ("/hangs", "cancelled", "499"),
        ("/streams", "aborted", "200"),
        ("/panics", "panicked", "500"),
    ] {
        let labels = [("method", "GET"), ("endpoint", endpoint)];
        let with = |name, value| [labels[0], labels[1], (name, value)];
        assert_eq!(
            read.read("http_request_ends_total", &with("end", end)),
            Some(1.0),
            "{endpoint}"
        );
        assert_eq!(
            read.read("http_requests_total", &with("status", status)),
            Some(1.0),
            "{endpoint}"
        );
        assert_eq!(
            read.read("http_requests_in_flight", &labels),
            Some(0.0),
            "{endpoint}"
        );
    }
}

#[tokio::test]
async fn a_subscription_is_counted_but_does_not_poison_the_latency() {
    let registry = Registry::new();
    let app = app(RedObserver::new(&registry).unwrap());
    finish(&app, "GET", "/events", "").await;
    let labels = [("method", "GET"), ("endpoint", "/events")];
    assert_eq!(
        read(&registry).read("http_request_duration_seconds_count", &labels),
        Some(0.0)
    );
    assert_eq!(
        read(&registry).read("http_response_head_seconds_count", &labels),
        Some(1.0)
    );
    let requests = [labels[0], labels[1], ("status", "200")];
    assert_eq!(
        read(&registry).read("http_requests_total", &requests),
        Some(1.0)
    );
}

#[tokio::test]
async fn probes_and_scrapes_are_not_measured_unless_one_asks() {
    let registry = Registry::new();
    finish(
        &app(RedObserver::new(&registry).unwrap()),
        "GET",
        "/metrics",
        "",
    )
    .await;
    assert!(!registry.to_text().contains("/metrics"));

    let registry = Registry::new();
    let red = RedObserver::builder()
        .skip(["/jobs/{id}"])
        .build(&registry)
        .unwrap();
    let app = app(red);
    finish(&app, "GET", "/metrics", "").await;
    finish(&app, "GET", "/jobs/1", "").await;
    assert!(registry.to_text().contains("endpoint=\"/metrics\""));
    assert!(!registry.to_text().contains("/jobs"));
}

#[tokio::test]
async fn a_scanner_adds_a_bounded_number_of_series() {
    let registry = Registry::new();
    let app = app(RedObserver::new(&registry).unwrap());
    let ask = async |n: u32| {
        // Paths, methods and hosts that nobody has seen before.
        let request = Request::builder()
            .method(format!("M{n}").as_str())
            .uri(format!("http://host{n}.example/{n}/../{n}?{n}"))
            .header("host", format!("{n}.example"))
            .body(Body::empty())
            .unwrap();
        app.clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap();
    };
    ask(0).await;
    let after_one = registry.to_text().lines().count();
    for n in 1..1_000_000 {
        ask(n).await;
    }
    assert_eq!(registry.to_text().lines().count(), after_one);
    let labels = [
        ("method", "other"),
        ("endpoint", "unmatched"),
        ("status", "404"),
    ];
    assert_eq!(
        read(&registry).read("http_requests_total", &labels),
        Some(1_000_000.0)
    );
}

#[tokio::test]
async fn an_endpoint_function_without_a_bound_meets_a_cap_and_is_counted() {
    let registry = Registry::new();
    let red = RedObserver::new(&registry).unwrap();
    let layer =
        omtx_http::ObserveLayer::axum(red).endpoint_fn(|head: omtx_http::RequestHead<'_>| {
            omtx_http::Endpoint::from(std::sync::Arc::from(head.uri().path()))
        });
    let app = routes().layer(layer);
    for n in 0..6_000 {
        finish(&app, "GET", &format!("/jobs/{n}"), "").await;
    }
    let read = read(&registry);
    let labels = [
        ("method", "GET"),
        ("endpoint", "overflow"),
        ("status", "200"),
    ];
    assert_eq!(read.read("http_requests_total", &labels), Some(1_000.0));
    assert_eq!(
        read.read("http_requests_in_flight", &labels[..2]),
        Some(0.0)
    );
    assert_eq!(red_dropped(&registry), 1_000);
}

fn red_dropped(registry: &Registry) -> u64 {
    let metrics = registry
        .register::<omtx_metrics::http::HttpMetrics>()
        .unwrap();
    metrics.http_requests_total.dropped()
}

#[tokio::test]
async fn a_route_can_have_its_own_buckets() {
    let registry = Registry::new();
    let red = RedObserver::builder()
        .buckets([0.5, 1.0])
        .route_buckets("/upload", [10.0, 100.0, 1_000.0])
        .build(&registry)
        .unwrap();
    let app = app(red);
    finish(&app, "POST", "/upload", "x").await;
    finish(&app, "GET", "/jobs/1", "").await;
    let bounds = |endpoint: &str| -> Vec<String> {
        let read = read(&registry);
        let samples = read.samples().filter(|sample| {
            sample.label("endpoint") == Some(endpoint)
                && sample.name == "http_request_duration_seconds_bucket"
        });
        samples
            .map(|sample| sample.label("le").unwrap().to_owned())
            .collect()
    };
    assert_eq!(bounds("/upload"), ["10", "100", "1000", "+Inf"]);
    assert_eq!(bounds("/jobs/{id}"), ["0.5", "1", "+Inf"]);
}

#[tokio::test]
async fn names_can_be_namespaced_or_opentelemetry_s() {
    for (names, sample, labels) in [
        (
            HttpNames::Namespaced,
            "omtx_hub_http_requests_total",
            [
                ("method", "GET"),
                ("endpoint", "/jobs/{id}"),
                ("status", "200"),
            ],
        ),
        (
            HttpNames::OpenTelemetry,
            "http_server_requests_total",
            [
                ("http_request_method", "GET"),
                ("http_route", "/jobs/{id}"),
                ("http_response_status_code", "200"),
            ],
        ),
    ] {
        let registry = Registry::builder().namespace("omtx_hub").build().unwrap();
        let red = RedObserver::builder()
            .names(names)
            .build(&registry)
            .unwrap();
        finish(&app(red), "GET", "/jobs/1", "").await;
        assert_eq!(read(&registry).read(sample, &labels), Some(1.0));
    }
}

#[tokio::test]
async fn two_observers_of_one_registry_share_its_families() {
    let registry = Registry::new();
    let first = app(RedObserver::new(&registry).unwrap());
    let second = app(RedObserver::new(&registry).unwrap());
    finish(&first, "GET", "/jobs/1", "").await;
    finish(&second, "GET", "/jobs/1", "").await;
    let labels = [
        ("method", "GET"),
        ("endpoint", "/jobs/{id}"),
        ("status", "200"),
    ];
    assert_eq!(
        read(&registry).read("http_requests_total", &labels),
        Some(2.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn in_flight_returns_to_zero_after_thousands_of_mixed_ends() {
    let registry = Registry::new();
    let app = app(RedObserver::new(&registry).unwrap());
    let tasks = (0..2_000_u32).map(|n| {
        let app = app.clone();
        tokio::spawn(async move {
            match n % 4 {
                0 => drop(finish(&app, "GET", "/jobs/1", "").await),
                1 => drop(once(send(&app, "GET", "/hangs", "")).await),
                2 => drop(
                    send(&app, "GET", "/streams", "")
                        .await
                        .into_body()
                        .into_data_stream()
                        .next(),
                ),
                _ => drop(finish(&app, "POST", "/upload", "abc").await),
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let read = read(&registry);
    let gauges: Vec<f64> = read
        .samples()
        .filter(|sample| sample.name == "http_requests_in_flight")
        .map(|sample| sample.value)
        .collect();
    assert_eq!(gauges, [0.0; 4]);
    let total: f64 = read
        .samples()
        .filter(|sample| sample.name == "http_requests_total")
        .map(|s| s.value)
        .sum();
    assert_eq!(total, 2_000.0);
}
