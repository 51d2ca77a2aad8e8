//! What a span says of its request: the conventions for HTTP spans.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method, Request, Version};
use omtx_tracing::http::{ForwardedHeaders, MAX_VALUE_LEN, ServerSpans};
use opentelemetry::trace::SpanKind;

use super::{empty, from, lines, request, routes, send, spans, text};

/// One request; the span's name and its attributes.
async fn one(
    configure: impl FnOnce(ServerSpans) -> ServerSpans,
    request: Request<Body>,
) -> (String, Vec<String>) {
    let (recorder, spans) = spans();
    let app = routes().layer(omtx_http::axum_layer(configure(spans)));
    send(&app, request).await;
    let ended = recorder.spans();
    assert_eq!(ended.len(), 1);
    assert_eq!(*ended[0].kind(), SpanKind::Server);
    (ended[0].name().to_owned(), lines(&ended[0]))
}

fn has(lines: &[String], line: &str) -> bool {
    lines.iter().any(|other| other == line)
}

fn key<'l>(lines: &'l [String], key: &str) -> Option<&'l str> {
    lines
        .iter()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
}

#[tokio::test]
async fn a_request_has_everything_that_the_conventions_ask_for() {
    let request = request("/users/7?verbose=1&sig=secret")
        .header("user-agent", "curl/8.5.0")
        .header("x-forwarded-for", "6.6.6.6");
    let (name, lines) = one(|spans| spans, from(empty(request), "192.0.2.1:50712")).await;
    assert_eq!(name, "GET /users/{id}");
    assert_eq!(
        lines,
        [
            "http.request.method = GET",
            "url.scheme = http",
            "url.path = /users/7",
            "url.query = verbose=1&sig=REDACTED",
            "http.route = /users/{id}",
            "network.protocol.version = 1.1",
            "server.address = api.example.org",
            "server.port = 8080",
            "client.address = 192.0.2.1",
            "network.peer.address = 192.0.2.1",
            "network.peer.port = 50712",
            "user_agent.original = curl/8.5.0",
            "http.response.status_code = 200",
        ]
    );
}

#[tokio::test]
async fn what_a_request_does_not_have_its_span_does_not_say() {
    let (name, lines) = one(|spans| spans, empty(Request::get("/nowhere/7"))).await;
    assert_eq!(name, "GET", "never the path");
    assert_eq!(
        lines,
        [
            "http.request.method = GET",
            "url.scheme = http",
            "url.path = /nowhere/7",
            "network.protocol.version = 1.1",
            "http.response.status_code = 404",
        ]
    );
}

#[tokio::test]
async fn a_method_that_nobody_knows_is_other_and_named_http() {
    let brew = || empty(Request::builder().method("BREW").uri("/users/7"));
    let (name, lines) = one(|spans| spans, brew()).await;
    assert_eq!(name, "HTTP /users/{id}");
    assert!(has(&lines, "http.request.method = _OTHER"));
    assert!(has(&lines, "http.request.method_original = BREW"));

    let known = |spans: ServerSpans| spans.known_methods([Method::from_bytes(b"BREW").unwrap()]);
    let (name, lines) = one(known, brew()).await;
    assert_eq!(name, "BREW /users/{id}");
    assert!(has(&lines, "http.request.method = BREW"));
    assert_eq!(key(&lines, "http.request.method_original"), None);

    let (name, _) = one(known, empty(Request::get("/users/7"))).await;
    assert_eq!(name, "HTTP /users/{id}", "the list replaces the other one");

    let query = empty(Request::builder().method("QUERY").uri("/users/7"));
    let (name, lines) = one(|spans| spans, query).await;
    assert_eq!(name, "QUERY /users/{id}");
    assert!(has(&lines, "http.request.method = QUERY"));
}

#[tokio::test]
async fn http_2_says_scheme_and_authority_in_its_target() {
    let request = Request::get("https://api.example.org/users/7").version(Version::HTTP_2);
    let (_, lines) = one(|spans| spans, empty(request)).await;
    assert!(has(&lines, "url.scheme = https"));
    assert!(has(&lines, "network.protocol.version = 2"));
    assert!(has(&lines, "server.address = api.example.org"));
    assert_eq!(key(&lines, "server.port"), None);
    assert!(has(&lines, "url.path = /users/7"));
}

#[tokio::test]
async fn a_service_that_speaks_tls_itself_says_so() {
    let (_, lines) = one(|spans| spans.scheme("https"), empty(request("/users/7"))).await;
    assert!(has(&lines, "url.scheme = https"));
}

#[tokio::test]
async fn trusted_proxies_tell_client_scheme_and_host() {
    let request = request("/users/7")
        .header("x-forwarded-for", "6.6.6.6, 192.0.2.1")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "shop.example.org")
        .header("forwarded", "for=7.7.7.7;proto=http;host=evil.example.org");
    let trusting = |spans: ServerSpans| spans.trusted_proxies(1);
    let (_, lines) = one(trusting, from(empty(request), "10.0.0.1:443")).await;
    assert!(has(&lines, "client.address = 192.0.2.1"));
    assert!(has(&lines, "network.peer.address = 10.0.0.1"));
    assert!(has(&lines, "url.scheme = https"));
    assert!(has(&lines, "server.address = shop.example.org"));
    assert_eq!(key(&lines, "server.port"), None);
}

#[tokio::test]
async fn what_is_no_host_leaves_the_word_to_the_next_header() {
    let trusting = |spans: ServerSpans| spans.trusted_proxies(1);
    for forwarded in ["shop.example.org/evil", "a b", "\u{e4}", ":443"] {
        let request = request("/users/7").header("x-forwarded-host", forwarded);
        let (_, lines) = one(trusting, empty(request)).await;
        assert!(has(&lines, "server.address = api.example.org"), "{lines:?}");
        assert!(has(&lines, "server.port = 8080"), "{lines:?}");
    }
}

#[tokio::test]
async fn proxies_that_write_rfc_7239_are_read_so() {
    let request = request("/users/7")
        .header("x-forwarded-for", "7.7.7.7")
        .header(
            "forwarded",
            r#"for="[2001:db8::1]:1";proto=https, for=unknown"#,
        );
    let trusting = |count| {
        move |spans: ServerSpans| {
            spans
                .trusted_proxies(count)
                .forwarded_headers(ForwardedHeaders::Rfc7239)
        }
    };
    let request = from(empty(request), "10.0.0.1:443");
    let (_, lines) = one(trusting(2), request).await;
    assert!(has(&lines, "client.address = 2001:db8::1"));
    assert!(has(&lines, "url.scheme = https"));

    let request = super::request("/users/7").header("forwarded", "for=unknown");
    let (_, lines) = one(trusting(1), from(empty(request), "10.0.0.1:443")).await;
    assert_eq!(
        key(&lines, "client.address"),
        None,
        "hidden, and not the proxy's"
    );
    assert!(has(&lines, "network.peer.address = 10.0.0.1"));
}

#[tokio::test]
async fn the_environment_says_how_many_proxies_there_are() {
    let set = |spans: ServerSpans| {
        let vars = |name: &str| (name == "OMTX_TRUSTED_PROXIES").then(|| " 2 ".into());
        spans.from_vars(vars).unwrap()
    };
    let request = request("/users/7").header("x-forwarded-for", "192.0.2.1, 10.0.0.1");
    let (_, lines) = one(set, empty(request)).await;
    assert!(has(&lines, "client.address = 192.0.2.1"));
}

#[test]
fn a_malformed_variable_is_an_error_that_names_it() {
    for value in ["-1", "256", "all", "1.5"] {
        let error = spans().1.from_vars(|_| Some(value.into())).unwrap_err();
        assert!(error.is_invalid());
        assert_eq!(
            error.to_string(),
            format!(
                r#"invalid OMTX_TRUSTED_PROXIES "{value}"; expected a number of proxies, 0 to 255"#
            )
        );
    }
    assert!(spans().1.from_vars(|_| Some(" ".into())).is_ok());
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_an_error_too() {
    use std::os::unix::ffi::OsStringExt;
    let latin = |_: &str| Some(std::ffi::OsString::from_vec(vec![b'1', 0xfc]));
    let error = spans().1.from_vars(latin).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid OMTX_TRUSTED_PROXIES \"1\u{fffd}\"; expected UTF-8"
    );
}

#[tokio::test]
async fn without_axum_the_peer_is_among_the_extensions_or_found_by_a_closure() {
    let mut plain = empty(request("/users/7"));
    let peer: std::net::SocketAddr = "[::ffff:192.0.2.9]:1".parse().unwrap();
    plain.extensions_mut().insert(peer);
    let (_, lines) = one(|spans| spans, plain).await;
    assert!(has(&lines, "client.address = 192.0.2.9"));
    assert!(has(&lines, "network.peer.port = 1"));

    let found = |spans: ServerSpans| spans.peer(|_| "192.0.2.8:2".parse().ok());
    let (_, lines) = one(found, empty(request("/users/7"))).await;
    assert!(has(&lines, "network.peer.address = 192.0.2.8"));
}

#[tokio::test]
async fn headers_are_captured_only_if_they_are_asked_for() {
    let headers = || {
        request("/users/7")
            .header("x-tenant", "acme")
            .header("x-tenant", "umbrella")
            .header("authorization", "Bearer secret")
    };
    let (_, lines) = one(|spans| spans, empty(headers())).await;
    assert!(
        !lines
            .iter()
            .any(|line| line.contains("secret") || line.contains("acme"))
    );

    let capturing = |spans: ServerSpans| {
        spans
            .request_headers([
                HeaderName::from_static("x-tenant"),
                HeaderName::from_static("x-none"),
                AUTHORIZATION,
            ])
            .response_headers([CONTENT_TYPE])
    };
    let (_, lines) = one(capturing, empty(headers())).await;
    assert_eq!(
        key(&lines, "http.request.header.x-tenant"),
        Some(r#"["acme","umbrella"]"#)
    );
    assert_eq!(key(&lines, "http.request.header.x-none"), None);
    assert_eq!(
        key(&lines, "http.request.header.authorization"),
        Some(r#"["REDACTED"]"#)
    );
    assert_eq!(
        key(&lines, "http.response.header.content-type"),
        Some(r#"["text/plain; charset=utf-8"]"#)
    );
}

#[tokio::test]
async fn sizes_are_recorded_only_if_they_are_asked_for() {
    let upload = || {
        let body = Body::from_stream(futures_body(["ACGT", "AC"]));
        Request::post("/upload").body(body).unwrap()
    };
    let (_, lines) = one(|spans| spans.body_sizes(true), upload()).await;
    assert!(has(&lines, "http.request.body.size = 6"));
    assert!(has(&lines, "http.response.body.size = 1"));
    let (_, lines) = one(|spans| spans, upload()).await;
    assert_eq!(key(&lines, "http.request.body.size"), None);
}

fn futures_body<const N: usize>(
    chunks: [&'static str; N],
) -> impl futures_util::Stream<Item = Result<&'static str, std::convert::Infallible>> {
    futures_util::stream::iter(chunks.map(Ok))
}

#[tokio::test]
async fn the_query_can_be_left_out_and_more_of_it_be_redacted() {
    let target = "/users/7?token=a&sig=b";
    let (_, lines) = one(|spans| spans.query(false), empty(request(target))).await;
    assert_eq!(key(&lines, "url.query"), None);
    let (_, lines) = one(
        |spans| spans.redact_query(["Token"]),
        empty(request(target)),
    )
    .await;
    assert_eq!(key(&lines, "url.query"), Some("token=REDACTED&sig=b"));
}

#[tokio::test]
async fn values_that_are_too_long_are_cut_and_counted() {
    let (recorder, spans) = spans();
    let app = routes().layer(omtx_http::axum_layer(spans));
    let target = format!("/users/{}?{}", "x".repeat(5_000), "y".repeat(5_000));
    let agent = HeaderValue::from_bytes(&"ï".repeat(1_500).into_bytes()).unwrap();
    send(&app, empty(request(&target).header("user-agent", agent))).await;
    let span = recorder.span("GET /users/{id}");
    assert_eq!(text(&span, "url.path").len(), MAX_VALUE_LEN);
    assert_eq!(text(&span, "url.query"), "y".repeat(MAX_VALUE_LEN));
    assert_eq!(
        text(&span, "user_agent.original"),
        "ï".repeat(MAX_VALUE_LEN / 2)
    );
    assert_eq!(recorder.provider().values_truncated(), 3);
}

#[tokio::test]
async fn a_router_that_is_mounted_shows_the_whole_path() {
    let (recorder, spans) = spans();
    let inner = Router::new()
        .route("/jobs/{id}", get(async || "queued"))
        .layer(omtx_http::axum_layer(spans));
    let app = Router::new().nest("/api/v1", inner);
    send(&app, empty(request("/api/v1/jobs/7"))).await;
    let span = recorder.span("GET /api/v1/jobs/{id}");
    assert_eq!(text(&span, "url.path"), "/api/v1/jobs/7");
}
