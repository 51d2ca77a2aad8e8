//! The `/metrics` route.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use omtx_metrics::testing::Exposition;
use omtx_metrics::{Counter, Registry, Rows};
use tower::ServiceExt;

async fn ask(app: &Router, method: Method) -> Response<Body> {
    let request = Request::builder()
        .method(method)
        .uri("/metrics")
        .body(Body::empty())
        .unwrap();
    app.clone().oneshot(request).await.unwrap()
}

async fn scrape(app: &Router) -> Exposition {
    let body = ask(app, Method::GET)
        .await
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    Exposition::parse(std::str::from_utf8(&body).unwrap()).unwrap()
}

fn app(registry: &Registry) -> Router {
    Router::new().route("/metrics", registry.metrics_route())
}

#[tokio::test]
async fn a_scrape_answers_with_the_content_type_that_prometheus_3_insists_on() {
    let registry = Registry::new();
    registry
        .family::<(), Counter>("a_total", "A.")
        .register()
        .unwrap()
        .with(())
        .add(3);
    let response = ask(&app(&registry), Method::GET).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"# HELP a_total A.\n# TYPE a_total counter\na_total 3\n"));
}

#[tokio::test]
async fn head_has_the_headers_and_no_body() {
    let app = app(&Registry::new());
    let get = ask(&app, Method::GET).await;
    let head = ask(&app, Method::HEAD).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(
        head.headers()["content-type"],
        get.headers()["content-type"]
    );
    assert!(
        head.into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .is_empty()
    );
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let app = app(&Registry::new());
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(
            ask(&app, method).await.status(),
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}

#[tokio::test]
async fn a_scrape_shows_the_scrapes_before_it() {
    let app = app(&Registry::new());
    let labels = [
        ("format", "text"),
        ("encoding", "identity"),
        ("code", "200"),
    ];
    assert_eq!(
        scrape(&app).await.read("omtx_scrapes_total", &labels),
        Some(0.0)
    );
    let second = scrape(&app).await;
    assert_eq!(second.read("omtx_scrapes_total", &labels), Some(1.0));
    assert_eq!(
        second.read("omtx_scrape_duration_seconds_count", &[("format", "text")]),
        Some(1.0)
    );
    assert!(
        second
            .read("omtx_scrape_size_bytes_sum", &[("format", "text")])
            .unwrap()
            > 0.0
    );
}

#[tokio::test]
async fn what_a_collector_lost_is_counted_in_the_next_scrape() {
    let registry = Registry::new();
    registry
        .register_collector("liar", |rows: &mut Rows| {
            rows.counter("down_total", "Down.").row(&[], -1.0);
        })
        .unwrap();
    let app = app(&registry);
    let read =
        |scrape: Exposition| scrape.read("omtx_collector_errors_total", &[("collector", "liar")]);
    assert_eq!(read(scrape(&app).await), Some(0.0));
    assert_eq!(read(scrape(&app).await), Some(1.0));
    assert_eq!(read(scrape(&app).await), Some(2.0));
}

#[tokio::test]
async fn the_library_s_families_carry_the_constant_labels_and_no_namespace() {
    let registry = Registry::builder()
        .namespace("shop")
        .constant_label("zone", "a")
        .build()
        .unwrap();
    let app = app(&registry);
    let labels = [
        ("zone", "a"),
        ("format", "text"),
        ("encoding", "identity"),
        ("code", "200"),
    ];
    assert_eq!(
        scrape(&app).await.read("omtx_scrapes_total", &labels),
        Some(0.0)
    );
}

#[tokio::test]
async fn hundreds_of_scrapes_at_once_are_all_answered() {
    let registry = Registry::new();
    registry
        .register_collector("pool", |rows: &mut Rows| {
            rows.gauge("pool_size", "Size.").row(&[], 1.0);
        })
        .unwrap();
    let app = app(&registry);
    let scrapes = (0..300).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { scrape(&app).await.read("pool_size", &[]) })
    });
    for scrape in scrapes.collect::<Vec<_>>() {
        assert_eq!(scrape.await.unwrap(), Some(1.0));
    }
}

/// On a runtime of one thread, a scrape that waits for a collector must leave the thread to the others: here, to the one
/// that the collector waits for.
#[tokio::test(flavor = "current_thread")]
async fn a_scrape_that_waits_does_not_hold_up_the_runtime() {
    let registry = Registry::new();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (entered, mut is_in) = tokio::sync::mpsc::unbounded_channel();
    registry
        .register_collector("slow", move |rows: &mut Rows| {
            entered.send(()).unwrap();
            released.recv().unwrap();
            rows.gauge("slow", "Slow.").row(&[], 1.0);
        })
        .unwrap();
    let app = app(&registry);
    let first = tokio::spawn({
        let app = app.clone();
        async move { scrape(&app).await }
    });
    is_in.recv().await.unwrap();
    // The first scrape is in the collector. The second finds it there, and waits too.
    let second = tokio::spawn(async move { scrape(&app).await });
    tokio::task::yield_now().await;
    release.send(()).unwrap();
    release.send(()).unwrap(); // for the second, should it come after the round
    assert_eq!(first.await.unwrap().read("slow", &[]), Some(1.0));
    assert_eq!(second.await.unwrap().read("slow", &[]), Some(1.0));
}
