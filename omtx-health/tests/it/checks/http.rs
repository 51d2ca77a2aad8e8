use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::routing::get;
use omtx_health::Check;
use omtx_health::checks::Http;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::engine::free_address;
use super::{degraded, say};

/// Serves a router, and gives its base.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await });
    base
}

/// Answers every connection with these bytes, then waits for its end if it is told to.
async fn canned(answer: &'static [u8], hang: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
                if hang {
                    let _ = stream.read(&mut request).await;
                }
            });
        }
    });
    base
}

#[tokio::test]
async fn the_status_decides_and_redirects_are_not_followed() {
    let app = Router::new()
        .route("/ok", get(async || "fine"))
        .route("/busy", get(async || StatusCode::TOO_MANY_REQUESTS))
        .route("/down", get(async || StatusCode::SERVICE_UNAVAILABLE))
        .route(
            "/moved",
            get(async || (StatusCode::FOUND, [(header::LOCATION, "/ok?token=S3CRET")])),
        );
    let base = serve(app).await;
    let at = |path: &str| Http::get(&format!("{base}{path}")).unwrap();

    assert_eq!(say(&at("/ok")).await, Ok(None));
    assert_eq!(at("/ok").run().await.unwrap().details()["status"], 200);
    assert_eq!(say(&at("/ok").head()).await, Ok(None));
    assert_eq!(
        say(&at("/down")).await,
        Err(format!(
            "{base}/down: answered 503 Service Unavailable; expected 200-299"
        ))
    );
    assert_eq!(
        say(&at("/moved?token=S3CRET")).await,
        Err(format!(
            "{base}/moved: answered 302 Found; expected 200-299 (redirects are not followed)"
        ))
    );
    assert_eq!(say(&at("/none").expect_status([200, 404])).await, Ok(None));
    assert_eq!(
        say(&at("/ok").expect_status([204])).await,
        Err(format!("{base}/ok: answered 200 OK; expected 204"))
    );
    assert_eq!(
        say(&at("/busy").degraded_status([429])).await,
        degraded(format!("{base}/busy: answered 429 Too Many Requests"))
    );
}

#[tokio::test]
async fn headers_and_bodies_can_be_expected() {
    let app = Router::new().route(
        "/health",
        get(async || {
            (
                [(header::CONTENT_TYPE, "application/json")],
                r#"{"status":"ok","shards":[{"state":"green"}]}"#,
            )
        }),
    );
    let url = format!("{}/health", serve(app).await);
    let check = || Http::get(&url).unwrap();
    let json = HeaderValue::from_static("application/json");

    let all = check()
        .expect_header(header::CONTENT_TYPE, json.clone())
        .expect_body("\"ok\"")
        .expect_json("/status", "ok")
        .expect_json("/shards/0/state", "green");
    assert_eq!(say(&all).await, Ok(None));

    for (check, expected) in [
        (
            check().expect_header(header::CONTENT_TYPE, HeaderValue::from_static("text/html")),
            "header content-type is not as expected",
        ),
        (
            check().expect_header(HeaderName::from_static("x-leader"), json),
            "has no header x-leader",
        ),
        (
            check().expect_body("green light"),
            "the body has no \"green light\" in it",
        ),
        (
            check().expect_json("/status", "green"),
            "/status is \"ok\"; expected \"green\"",
        ),
        (
            check().expect_json("/state", true),
            "the body has no /state; expected true",
        ),
        (
            check().expect_body("ok").max_body_bytes(10),
            "the body is longer than 10 bytes",
        ),
    ] {
        assert_eq!(say(&check).await, Err(format!("{url}: {expected}")));
    }
}

#[tokio::test]
async fn presets_ask_where_the_services_answer() {
    let app = Router::new()
        .route("/readyz", get(async || "all shards are ready"))
        .route("/health", get(async || r#"{"status":"ok"}"#))
        .route("/prefix/healthz", get(async || r#"{"status":"ok"}"#));
    let base = serve(app).await;
    for check in [
        Http::qdrant(&base),
        Http::langflow(&format!("{base}/")),
        Http::n8n(&format!("{base}/prefix/")),
    ] {
        assert_eq!(say(&check.unwrap()).await, Ok(None));
    }
}

#[tokio::test]
async fn the_request_on_the_wire_is_as_documented() {
    let app = Router::new().route(
        "/health",
        get(async |uri: axum::http::Uri, headers: HeaderMap| {
            let mut lines = vec![uri.to_string()];
            for (name, value) in &headers {
                lines.push(format!("{name}: {}", value.to_str().unwrap()));
            }
            lines.sort();
            lines.join("\n")
        }),
    );
    let base = serve(app).await;
    let host = base.strip_prefix("http://").unwrap();
    let expected = format!(
        "/health?full=1\naccept: */*\nauthorization: Bearer S3CRET\nconnection: close\nhost: {host}\n\
         user-agent: omtx-health/{}",
        env!("CARGO_PKG_VERSION")
    );
    let check = Http::get(&format!("{base}/health?full=1"))
        .unwrap()
        .header(
            header::AUTHORIZATION,
            HeaderValue::from_static("Bearer S3CRET"),
        )
        .expect_body(expected);
    assert_eq!(say(&check).await, Ok(None));
}

#[tokio::test]
async fn a_server_that_is_down_hangs_or_talks_nonsense_is_named_without_secrets() {
    const SHORT: Duration = Duration::from_millis(200);
    let address = free_address();
    let down = format!("http://{address}");
    let check = |base: &str| {
        Http::get(&format!("{base}/x?token=S3CRET"))
            .unwrap()
            .header(header::AUTHORIZATION, HeaderValue::from_static("S3CRET"))
            .expect_json("/status", "ok")
    };
    assert_eq!(
        say(&check(&down)).await,
        Err(format!(
            "{down}/x: cannot connect to {address}: Connection refused (os error 111)"
        ))
    );

    let silent = canned(b"", true).await;
    assert_eq!(
        say(&check(&silent).timeout(SHORT)).await,
        Err(format!("{silent}/x: no answer within 200 ms"))
    );
    let stalls = canned(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"sta", true).await;
    assert_eq!(
        say(&check(&stalls).timeout(SHORT)).await,
        Err(format!("{stalls}/x: no answer within 200 ms"))
    );

    for answer in [
        &b""[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\n\r\nS3CRET",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let base = canned(answer, false).await;
        let error = say(&check(&base)).await.unwrap_err();
        assert!(error.starts_with(&format!("{base}/x: ")), "{error}");
        assert!(!error.contains("S3CRET"), "{error}");
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let endless = Router::new().route(
        "/",
        get(async || {
            let chunks = futures_util::stream::repeat_with(|| {
                Ok::<_, std::convert::Infallible>(bytes::Bytes::from_static(&[b'x'; 4096]))
            });
            axum::body::Body::from_stream(chunks)
        }),
    );
    let base = serve(endless).await;
    let url = format!("{base}/");
    // Nobody wants to know: nothing is read.
    assert_eq!(say(&Http::get(&url).unwrap()).await, Ok(None));
    let check = Http::get(&url).unwrap().expect_body("ok");
    assert_eq!(
        say(&check).await,
        Err(format!("{url}: the body is longer than 65536 bytes"))
    );
}
