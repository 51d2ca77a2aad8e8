//! Requests through axum: the scope, the id, and the one line of each.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode};
use axum::routing::{get, post};
use omtx_logging::http::{AccessLog, RequestScope};
use omtx_logging::testing::Lines;
use omtx_logging::{Levels, Logging, Profile, RequestContext};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{builder, valid};

/// A service whose access lines can be read.
struct Service {
    app: Router,
    lines: Lines,
    logging: Logging,
    _default: tracing::subscriber::DefaultGuard,
}

impl Service {
    fn new(scope: RequestScope, access: impl FnOnce(&Logging) -> AccessLog) -> Self {
        Self::with(Profile::Omtx, scope, access)
    }

    fn with(
        profile: Profile,
        scope: RequestScope,
        access: impl FnOnce(&Logging) -> AccessLog,
    ) -> Self {
        let lines = Lines::default();
        let logging = builder()
            .profile(profile)
            .levels(Levels::default())
            .sink(lines.clone())
            .build()
            .unwrap();
        let app = Router::new()
            .route("/ok/{id}", get(async || "hello"))
            .route("/ready", get(async || "ready"))
            .route("/refused", get(async || StatusCode::NOT_FOUND))
            .route("/failed", get(async || StatusCode::BAD_GATEWAY))
            .route("/panics", get(panics))
            .route("/pending", get(std::future::pending::<()>))
            .route("/stream", get(stream))
            .route("/login", post(login))
            .layer(omtx_http::axum_layer((scope, access(&logging))));
        Self {
            _default: tracing::subscriber::set_default(logging.subscriber()),
            app,
            lines,
            logging,
        }
    }

    fn plain() -> Self {
        Self::new(RequestScope::new(), AccessLog::for_logging)
    }

    /// Sends a request, reads the response to its end.
    async fn send(&self, request: Request<Body>) -> Response<Bytes> {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Response::from_parts(head, body)
    }

    async fn get(&self, path: &str) -> Value {
        self.send(request(path)).await;
        self.line()
    }

    /// The one line since the last look.
    #[track_caller]
    fn line(&self) -> Value {
        let lines = self.lines.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        valid(&lines[0])
    }
}

fn request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn panics() {
    panic!("as it should");
}

async fn stream() -> Body {
    Body::from_stream(futures_util::stream::iter([
        Ok::<_, Infallible>("one"),
        Ok("two"),
    ]))
}

async fn login(body: Bytes) {
    let user = String::from_utf8_lossy(&body).into_owned();
    RequestContext::current().unwrap().set_user(user);
}

/// What differs from run to run, made the same.
fn scrubbed(mut line: Value) -> Value {
    for field in ["duration_ms", "head_ms"] {
        let value = line["performance"][field].take();
        assert!(
            value.as_f64().is_some_and(|ms| ms >= 0.0),
            "{field}: {value}"
        );
        line["performance"].as_object_mut().unwrap().remove(field);
    }
    for constant in ["timestamp", "service", "logger"] {
        line.as_object_mut().unwrap().remove(constant);
    }
    line
}

#[tokio::test]
async fn a_request_has_one_line_with_its_id_route_status_and_sizes() {
    let service = Service::plain();
    let request = Request::get("/ok/17?token=secret")
        .header("x-request-id", "req-12345")
        .body(Body::empty())
        .unwrap();
    let response = service.send(request).await;
    assert_eq!(response.headers()["x-request-id"], "req-12345");
    assert_eq!(
        scrubbed(service.line()),
        json!({
            "level": "INFO", "message": "request completed", "request_id": "req-12345",
            "method": "GET", "endpoint": "/ok/{id}", "status": 200, "outcome": "ok",
            "request_bytes": 0, "response_bytes": 5, "performance": {"operation": "http_request"},
        })
    );
}

#[tokio::test]
async fn a_user_who_became_known_is_on_the_line() {
    let service = Service::plain();
    let request = Request::post("/login").body("user-67890".into()).unwrap();
    service.send(request).await;
    let line = service.line();
    assert_eq!(line["user_id"], "user-67890");
    assert_eq!(line["request_bytes"], 10);
}

#[tokio::test]
async fn the_worse_the_end_the_higher_the_level() {
    let service = Service::plain();
    for (path, level, outcome, status) in [
        ("/ok/1", "INFO", "ok", 200),
        ("/refused", "INFO", "ok", 404),
        ("/nowhere", "INFO", "ok", 404),
        ("/failed", "ERROR", "error", 502),
    ] {
        let line = service.get(path).await;
        assert_eq!(
            (&line["level"], &line["outcome"], &line["status"]),
            (&json!(level), &json!(outcome), &json!(status)),
            "{path}"
        );
    }
    assert_eq!(service.get("/nowhere").await["endpoint"], "unmatched");
}

#[tokio::test]
async fn a_client_that_goes_away_a_panic_and_an_unread_body_have_their_lines() {
    let service = Service::plain();
    let mut pending = Box::pin(service.app.clone().oneshot(request("/pending")));
    assert!(futures_util::poll!(&mut pending).is_pending());
    drop(pending);
    let line = service.line();
    assert_eq!(
        (&line["level"], &line["outcome"], &line["status"]),
        (&json!("WARNING"), &json!("cancelled"), &json!(499))
    );
    assert_eq!(
        line["performance"].get("head_ms"),
        None,
        "there was no head"
    );

    drop(service.app.clone().oneshot(request("/stream")).await);
    let line = service.line();
    assert_eq!(
        (&line["level"], &line["outcome"]),
        (&json!("WARNING"), &json!("aborted"))
    );

    let app = service.app.clone();
    let panicked = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(
        app.oneshot(request("/panics")),
    ))
    .await;
    assert!(panicked.is_err());
    let line = service.line();
    assert_eq!(
        (&line["level"], &line["outcome"], &line["status"]),
        (&json!("ERROR"), &json!("panicked"), &json!(500))
    );
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_no_error_of_the_service() {
    let service = Service::plain();
    let broken = Body::from_stream(futures_util::stream::iter([
        Ok("half"),
        Err(std::io::Error::other("gone")),
    ]));
    let response = service
        .send(Request::post("/login").body(broken).unwrap())
        .await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let line = service.line();
    assert_eq!(
        (&line["level"], &line["outcome"]),
        (&json!("WARNING"), &json!("body_error"))
    );
}

#[tokio::test]
async fn an_id_that_may_not_be_taken_over_is_replaced_for_all() {
    for (scope, headers) in [
        (RequestScope::new(), vec!["a\"b"]),
        (RequestScope::new(), vec![""]),
        (RequestScope::new(), vec!["one", "two"]),
        (RequestScope::new().trust_clients(false), vec!["req-1"]),
    ] {
        let service = Service::new(scope, AccessLog::for_logging);
        let mut request = request("/ok/1");
        for header in &headers {
            request
                .headers_mut()
                .append("x-request-id", header.parse().unwrap());
        }
        let response = service.send(request).await;
        let id = response.headers()["x-request-id"].to_str().unwrap();
        assert!(
            id.len() == 32 && !headers.contains(&id),
            "{headers:?} became {id}"
        );
        assert_eq!(service.line()["request_id"], id);
    }
}

/// A map of headers has a limit, far above those of servers; what lies beyond it is no reason to fail a request.
#[tokio::test]
async fn headers_that_are_full_take_no_id_and_do_no_harm() {
    let service = Service::plain();
    let mut request = request("/ok/1");
    for n in 0.. {
        let name = axum::http::HeaderName::try_from(format!("x-{n}")).unwrap();
        if request.headers_mut().try_append(name, n.into()).is_err() {
            break;
        }
    }
    let response = service.send(request).await;
    let id = response.headers()["x-request-id"].to_str().unwrap();
    assert_eq!(service.line()["request_id"], id);
}

#[tokio::test]
async fn another_header_can_carry_the_id() {
    let scope = RequestScope::new().header("x-correlation-id".parse().unwrap());
    let service = Service::new(scope, AccessLog::for_logging);
    let mut request = request("/ok/1");
    request
        .headers_mut()
        .insert("x-correlation-id", "c-1".parse().unwrap());
    let response = service.send(request).await;
    assert_eq!(response.headers()["x-correlation-id"], "c-1");
    assert_eq!(service.line()["request_id"], "c-1");
}

#[tokio::test]
async fn probes_are_silent_until_they_fail() {
    let service = Service::plain();
    service.send(request("/ready")).await;
    assert_eq!(service.lines.take(), Vec::<String>::new());

    let service = Service::new(RequestScope::new(), |logging| {
        AccessLog::for_logging(logging).skip(["/failed", "/refused"])
    });
    assert_eq!(service.get("/failed").await["status"], 502);
    assert_eq!(service.get("/refused").await["status"], 404);
    assert_eq!(
        service.get("/ready").await["status"],
        200,
        "not skipped now"
    );
}

#[tokio::test]
async fn of_many_successes_one_in_so_many_stands_for_all() {
    let service = Service::new(RequestScope::new(), |logging| {
        AccessLog::for_logging(logging).sample_successes(NonZeroU32::new(4).unwrap())
    });
    for _ in 0..8 {
        service.send(request("/ok/1")).await;
        service.send(request("/failed")).await;
    }
    let lines: Vec<Value> = service
        .lines
        .take()
        .iter()
        .map(|line| valid(line))
        .collect();
    let of = |endpoint: &'static str| {
        lines
            .iter()
            .filter(move |line| line["endpoint"] == endpoint)
    };
    assert_eq!((of("/ok/{id}").count(), of("/failed").count()), (2, 8));
    assert!(of("/ok/{id}").all(|line| line["one_in"] == 4));
    assert!(of("/failed").all(|line| line.get("one_in").is_none()));
}

#[tokio::test]
async fn a_slow_request_is_a_warning_and_never_left_out() {
    let service = Service::new(RequestScope::new(), |logging| {
        AccessLog::for_logging(logging)
            .slow_after(Duration::ZERO)
            .skip(["/ok/{id}"])
    });
    let line = service.get("/ok/1").await;
    assert_eq!(
        (&line["level"], &line["slow"]),
        (&json!("WARNING"), &json!(true))
    );
}

#[tokio::test]
async fn what_clients_say_is_written_only_if_asked_for_and_harmless_then() {
    let service = Service::new(RequestScope::new(), |logging| {
        AccessLog::for_logging(logging).path(true).user_agent(true)
    });
    let long = format!("/ok/{}", "%0a".repeat(2000));
    let mut request = request(&long);
    let agent = axum::http::HeaderValue::from_bytes(b"curl/8 \"\xff\"").unwrap();
    request.headers_mut().insert("user-agent", agent);
    service.send(request).await;
    let line = service.line();
    assert_eq!(line["user_agent"], "curl/8 \"\u{fffd}\"");
    assert_eq!(line["path"].as_str().unwrap().len(), 1024);
    assert_eq!(service.logging.stats().fields_collided, 0);
}

#[tokio::test]
async fn for_google_cloud_the_line_has_what_the_console_shows() {
    let service = Service::with(Profile::Gcp, RequestScope::new(), |logging| {
        AccessLog::for_logging(logging).path(true)
    });
    let line = service.get("/ok/17").await;
    let request = line["httpRequest"].as_object().unwrap();
    assert_eq!(request["requestMethod"], "GET");
    assert_eq!(request["requestUrl"], "/ok/17");
    assert_eq!(request["status"], 200);
    assert_eq!(request["responseSize"], "5");
    assert_eq!(request["protocol"], "HTTP/1.1");
    let latency = request["latency"]
        .as_str()
        .unwrap()
        .strip_suffix('s')
        .unwrap();
    assert!(latency.parse::<f64>().unwrap() >= 0.0);
    assert_eq!(line["endpoint"], "/ok/{id}");
    assert_eq!(line["severity"], "INFO");
}

#[tokio::test]
async fn for_elastic_the_names_are_those_of_its_schema() {
    let service = Service::with(Profile::Ecs, RequestScope::new(), AccessLog::for_logging);
    let line = service.get("/failed").await;
    assert_eq!(line["http.request.method"], "GET");
    assert_eq!(line["http.response.status_code"], 502);
    assert_eq!(line["event.outcome"], "failure");
    assert!(line["event.duration"].is_u64());
    assert_eq!(line["labels.endpoint"], "/failed");
}
