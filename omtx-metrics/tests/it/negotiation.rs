//! What clients get from `/metrics`: format, compression, families.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use omtx_metrics::testing::Exposition;
use omtx_metrics::{Counter, Exporter, Histogram, NativeBuckets, Registry, Rows, ScrapeRequest};
use tower::ServiceExt;

use crate::kinds::filled;

const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_NATIVE: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

fn app(registry: &Registry) -> Router {
    Router::new().route("/metrics", registry.metrics_route())
}

async fn ask(app: &Router, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

async fn body(response: Response<Body>) -> Vec<u8> {
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn each_client_gets_its_format() {
    let registry = Registry::new();
    filled(&registry);
    let app = app(&registry);
    for (accept, content_type) in [
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (
            PROMETHEUS,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        (
            PROMETHEUS_3,
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        ),
        (
            PROMETHEUS_NATIVE,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
        ),
    ] {
        let response = ask(&app, "/metrics", &[("accept", accept)]).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(header(headers, "content-type"), Some(content_type));
        assert_eq!(header(headers, "vary"), Some("accept, accept-encoding"));
        assert_eq!(header(headers, "content-encoding"), None);
        let body = body(response).await;
        if content_type.starts_with("application/vnd") {
            assert!(!crate::protobuf::schema::decode(&body).is_empty());
        } else if content_type.starts_with("application") {
            Exposition::parse_openmetrics(std::str::from_utf8(&body).unwrap()).unwrap();
        } else {
            Exposition::parse(std::str::from_utf8(&body).unwrap()).unwrap();
        }
    }
}

#[tokio::test]
async fn several_header_fields_are_one_list() {
    let app = app(&Registry::new());
    let headers = [
        ("accept", "text/plain;version=0.0.4;q=0.5"),
        ("accept", "application/openmetrics-text"),
    ];
    let response = ask(&app, "/metrics", &headers).await;
    assert!(
        header(response.headers(), "content-type")
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
}

#[tokio::test]
async fn native_histograms_break_the_tie_for_protobuf() {
    let registry = Registry::new();
    let exporter = Exporter::new(&registry);
    let both = "application/vnd.google.protobuf, application/openmetrics-text";
    let format = || {
        exporter
            .scrape_for(&ScrapeRequest::new().accept(both))
            .content_type()
    };
    assert!(format().starts_with("application/openmetrics-text"));
    let family = registry
        .family::<(), Histogram>("x_seconds", "X.")
        .native(NativeBuckets::new());
    family.register().unwrap();
    assert!(format().starts_with("application/vnd.google.protobuf"));
}

/// A registry whose exposition is worth compressing, and always the same.
fn large() -> Registry {
    let registry = Registry::new();
    let rows = |rows: &mut Rows| {
        for index in 0..1_000 {
            let index = index.to_string();
            rows.gauge("shelf_books", "Books.")
                .row(&[("shelf", &index)], 3.0);
        }
    };
    registry.register_collector("shelves", rows).unwrap();
    registry
}

#[tokio::test]
async fn bodies_are_compressed_for_those_who_ask() {
    use std::io::Read;

    let app = app(&large());
    let path = "/metrics?name[]=shelf_books";
    let plain = body(ask(&app, path, &[]).await).await;
    for (accept_encoding, encoding) in [
        ("gzip", Some("gzip")),
        ("br, x-gzip;q=0.3", Some("gzip")),
        (
            "identity;q=0, *",
            Some(if cfg!(feature = "zstd") {
                "zstd"
            } else {
                "gzip"
            }),
        ),
        #[cfg(feature = "zstd")]
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("br", None),
        ("identity", None),
        ("", None),
        ("gzip;q=0", None),
        ("*", None),
    ] {
        let response = ask(&app, path, &[("accept-encoding", accept_encoding)]).await;
        assert_eq!(
            header(response.headers(), "content-encoding"),
            encoding,
            "{accept_encoding}"
        );
        assert_eq!(
            header(response.headers(), "vary"),
            Some("accept, accept-encoding")
        );
        let body = body(response).await;
        let mut read = Vec::new();
        match encoding {
            Some("gzip") => {
                assert!(body.len() * 5 < plain.len());
                flate2::read::GzDecoder::new(&body[..])
                    .read_to_end(&mut read)
                    .unwrap();
            }
            #[cfg(feature = "zstd")]
            Some("zstd") => {
                assert!(body.len() * 5 < plain.len());
                read = zstd::decode_all(&body[..]).unwrap();
            }
            _ => read = body,
        }
        assert_eq!(read, plain, "{accept_encoding}");
    }
}

#[tokio::test]
async fn small_bodies_are_not_worth_compressing_unless_nothing_else_is_taken() {
    let registry = Registry::new();
    let counter = registry
        .family::<(), Counter>("a_total", "A.")
        .register()
        .unwrap();
    counter.with(()).inc();
    let app = app(&registry);
    let path = "/metrics?name[]=a_total";
    let response = ask(&app, path, &[("accept-encoding", "gzip")]).await;
    assert_eq!(header(response.headers(), "content-encoding"), None);
    let response = ask(&app, path, &[("accept-encoding", "gzip, identity;q=0")]).await;
    assert_eq!(header(response.headers(), "content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn compression_can_be_left_to_others() {
    let exporter = Exporter::builder(&large()).compression(false).build();
    let app = Router::new().route("/metrics", exporter.route());
    let response = ask(&app, "/metrics", &[("accept-encoding", "gzip")]).await;
    assert_eq!(header(response.headers(), "content-encoding"), None);
}

#[tokio::test]
async fn names_select_families() {
    let registry = Registry::new();
    filled(&registry);
    let app = app(&registry);
    for (query, families) in [
        ("name[]=queue_depth", &["queue_depth"][..]),
        (
            "name%5B%5D=queue_depth&name[]=clock_drift",
            &["clock_drift", "queue_depth"],
        ),
        ("name[]=jobs_started", &["jobs_started_total"]),
        ("name[]=answer_seconds_count", &["answer_seconds"]),
        ("name[]=build", &["build_info"]),
        ("name[]=unknown", &[]),
        ("name[]=", &[]),
        ("name[]=%FF%00", &[]),
    ] {
        let text = body(ask(&app, &format!("/metrics?{query}"), &[]).await).await;
        let exposition = Exposition::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        let names: Vec<_> = exposition
            .families()
            .map(|family| family.name.as_str())
            .collect();
        assert_eq!(names, families, "{query}");
    }
    let accept = [("accept", PROMETHEUS)];
    let text = body(ask(&app, "/metrics?name[]=unknown", &accept).await).await;
    assert_eq!(text, b"# EOF\n");
}

#[tokio::test]
async fn head_says_how_long_the_body_would_be_and_other_methods_what_is_allowed() {
    let app = app(&large());
    let request = |method| {
        let request = Request::builder()
            .method(method)
            .uri("/metrics?name[]=shelf_books");
        app.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    let get = request(Method::GET).await.unwrap();
    let head = request(Method::HEAD).await.unwrap();
    let length = body(get).await.len().to_string();
    assert_eq!(header(head.headers(), "content-length"), Some(&*length));
    assert!(body(head).await.is_empty());

    let post = request(Method::POST).await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(post.headers(), "allow"), Some("GET,HEAD"));
}

#[tokio::test]
async fn bodies_that_are_being_sent_are_bounded() {
    let registry = large();
    let exporter = Exporter::builder(&registry)
        .max_bytes_in_flight(10_000)
        .build();
    let app = Router::new().route("/metrics", exporter.route());
    let sending = ask(&app, "/metrics", &[]).await; // whose body nobody reads
    assert_eq!(sending.status(), StatusCode::OK);

    let refused = ask(&app, "/metrics", &[("accept", PROMETHEUS)]).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(refused.headers(), "retry-after"), Some("1"));
    assert_eq!(
        header(refused.headers(), "content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(body(refused).await.starts_with(b"too many scrapes"));

    drop(sending);
    let text = body(ask(&app, "/metrics", &[]).await).await;
    let exposition = Exposition::parse(std::str::from_utf8(&text).unwrap()).unwrap();
    let labels = [
        ("format", "openmetrics"),
        ("encoding", "identity"),
        ("code", "503"),
    ];
    assert_eq!(exposition.read("omtx_scrapes_total", &labels), Some(1.0));
}

#[tokio::test]
async fn scrapes_are_counted_by_format_and_encoding() {
    let app = app(&large());
    for accept in [PROMETHEUS, PROMETHEUS_NATIVE, PROMETHEUS_NATIVE] {
        ask(
            &app,
            "/metrics",
            &[("accept", accept), ("accept-encoding", "gzip")],
        )
        .await;
    }
    let text = body(ask(&app, "/metrics", &[]).await).await;
    let exposition = Exposition::parse(std::str::from_utf8(&text).unwrap()).unwrap();
    for (format, count) in [("openmetrics", 1.0), ("protobuf", 2.0), ("text", 0.0)] {
        let labels = [("format", format), ("encoding", "gzip"), ("code", "200")];
        assert_eq!(exposition.read("omtx_scrapes_total", &labels), Some(count));
    }
    let sizes = exposition.read("omtx_scrape_size_bytes_count", &[("format", "protobuf")]);
    assert_eq!(sizes, Some(2.0));
}

/// One that joins a round which has begun would not see what was counted since.
#[tokio::test(flavor = "current_thread")]
async fn a_scrape_shows_what_was_counted_before_it_came() {
    let registry = Registry::new();
    let counter = registry
        .family::<(), Counter>("a_total", "A.")
        .register()
        .unwrap();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (entered, mut is_in) = tokio::sync::mpsc::unbounded_channel();
    let collector = move |_: &mut Rows| {
        entered.send(()).unwrap();
        released.recv().unwrap();
    };
    registry.register_collector("slow", collector).unwrap();
    let app = app(&registry);
    let scrape = || {
        let app = app.clone();
        tokio::spawn(async move { body(ask(&app, "/metrics?name[]=a_total", &[]).await).await })
    };
    let first = scrape();
    is_in.recv().await.unwrap();
    counter.with(()).add(5);
    let (second, third, gone) = (scrape(), scrape(), scrape());
    tokio::task::yield_now().await;
    gone.abort(); // others still wait for its round
    release.send(()).unwrap();
    release.send(()).unwrap();
    first.await.unwrap();
    for scrape in [second, third] {
        let text = scrape.await.unwrap();
        assert!(
            text.ends_with(b"\na_total 5\n"),
            "{}",
            String::from_utf8_lossy(&text)
        );
    }
    is_in.recv().await.unwrap();
    assert!(
        is_in.try_recv().is_err(),
        "two rounds are enough for four scrapes"
    );
}

#[tokio::test]
async fn hostile_requests_are_answered_with_text() {
    let registry = Registry::new();
    filled(&registry);
    let app = app(&registry);
    let long = "text/plain;q=0.5;x=\"y\",".repeat(3_000);
    let names = format!("/metrics?{}", "name[]=x&".repeat(5_000));
    for (path, accept) in [
        ("/metrics", "\"\"\"\",,;;=q"),
        ("/metrics?&&==%%name[]", "text/plain"),
        ("/metrics?name%5B%5D", ""),
        ("/metrics", &*long),
        (&*names, "*/*"),
    ] {
        let response = ask(
            &app,
            path,
            &[("accept", accept), ("accept-encoding", accept)],
        )
        .await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            header(response.headers(), "content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
    }
    let request = Request::builder()
        .uri("/metrics")
        .header("accept", &[0xFF, 0xFE][..]);
    let response = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}
