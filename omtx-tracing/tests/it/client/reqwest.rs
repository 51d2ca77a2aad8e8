//! The middleware for `reqwest`, against a server that does as the test tells it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use http::{Extensions, HeaderName};
use omtx_tracing::client::UrlTemplate;
use omtx_tracing::context::WithContext;
use omtx_tracing::testing::{RecordedSpan, SpanRecorder};
use opentelemetry::trace::{SpanKind, Status};
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{PARENT, incoming, lines, recording};

/// Answers each connection's one request with what `answer` makes of it; the address.
async fn serve(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = head(&mut stream).await.unwrap();
            let _ = stream.write_all(answer(&head).as_bytes()).await;
        }
    });
    format!("http://{address}")
}

async fn head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(head).unwrap().to_lowercase())
}

fn respond(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} Some\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn client(timeout: Option<Duration>) -> (SpanRecorder, ClientWithMiddleware) {
    let (recorder, spans) = recording();
    let mut client = reqwest::Client::builder().no_proxy();
    if let Some(timeout) = timeout {
        client = client.timeout(timeout);
    }
    let client = ClientBuilder::new(client.build().unwrap())
        .with(spans.reqwest_middleware())
        .build();
    (recorder, client)
}

fn error_type(span: &RecordedSpan) -> String {
    span.attribute("error.type").unwrap().to_string()
}

#[tokio::test]
async fn a_call_has_a_span_that_ends_with_its_body() {
    let url = serve(|head| {
        assert!(head.contains("tracestate: congo=1\r\n"), "{head}");
        assert!(head.contains("baggage: tenant=acme\r\n"), "{head}");
        let parent = head
            .lines()
            .find_map(|line| line.strip_prefix("traceparent: "));
        respond(200, parent.unwrap())
    })
    .await;
    let (recorder, client) = client(None);
    let response = client
        .post(format!("{url}/jobs/7?sig=secret"))
        .with_extension(UrlTemplate("/jobs/{id}"))
        .send()
        .in_context(incoming(PARENT))
        .await
        .unwrap();
    assert_eq!(response.url().path(), "/jobs/7");
    assert!(response.remote_addr().is_some());
    assert_eq!(response.content_length(), Some(55));
    assert!(recorder.spans().is_empty());
    let sent = response.text().await.unwrap();

    let span = recorder.span("POST /jobs/{id}");
    assert_eq!(span.kind(), &SpanKind::Client);
    assert_eq!(
        sent,
        format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", span.span_id())
    );
    let port = url.rsplit_once(':').unwrap().1;
    assert_eq!(
        lines(&span),
        [
            "http.request.method=POST",
            "http.response.status_code=200",
            "network.peer.address=127.0.0.1",
            &format!("network.peer.port={port}"),
            "network.protocol.version=1.1",
            "server.address=127.0.0.1",
            &format!("server.port={port}"),
            &format!("url.full={url}/jobs/7?sig=REDACTED"),
            "url.template=/jobs/{id}",
        ]
    );
}

#[tokio::test]
async fn captured_headers_are_there_and_a_token_is_not_shown() {
    let url = serve(|_| respond(200, "")).await;
    let (recorder, spans) = recording();
    let spans = spans
        .request_headers([
            HeaderName::from_static("x-tenant"),
            HeaderName::from_static("authorization"),
        ])
        .response_headers([HeaderName::from_static("connection")]);
    let client = ClientBuilder::new(reqwest::Client::builder().no_proxy().build().unwrap())
        .with(spans.reqwest_middleware())
        .build();
    let call = client.get(&url).header("x-tenant", "acme");
    call.bearer_auth("secret").send().await.unwrap();
    let captured = lines(&recorder.span("GET"));
    let captured = captured.iter().filter(|line| line.contains(".header."));
    assert_eq!(
        captured.collect::<Vec<_>>(),
        [
            r#"http.request.header.authorization=["REDACTED"]"#,
            r#"http.request.header.x-tenant=["acme"]"#,
            r#"http.response.header.connection=["close"]"#,
        ]
    );
}

#[tokio::test]
async fn an_unsampled_call_sends_its_context_and_has_no_span() {
    let url = serve(|head| {
        let parent = head
            .lines()
            .find_map(|line| line.strip_prefix("traceparent: "));
        respond(200, parent.unwrap())
    })
    .await;
    let (recorder, client) = client(None);
    let call = client.get(&url).send();
    let unsampled = incoming("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
    let sent = call
        .in_context(unsampled)
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(sent.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && sent.ends_with("-00"));
    assert_eq!(recorder.created(), 0);
}

#[tokio::test]
async fn a_response_that_is_an_error_is_one_of_its_span() {
    let url = serve(|_| respond(503, "")).await;
    let (recorder, client) = client(None);
    let response = client.get(&url).send().await.unwrap();
    // Without a body there is nothing to wait for.
    assert_eq!(error_type(&recorder.span("GET")), "503");
    assert_eq!(response.status(), 503);
}

#[tokio::test]
async fn what_keeps_a_request_from_an_answer_is_named() {
    let (recorder, connecting) = client(None);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = connecting
        .get(format!("http://{address}/?sig=secret"))
        .send();
    refused.await.unwrap_err();
    let span = recorder.span("GET");
    assert_eq!(error_type(&span), "connect");
    let Status::Error { description } = span.status() else {
        panic!("{:?}", span.status());
    };
    assert!(description.contains("refused"), "{description}");
    assert!(!description.contains("secret"), "{description}");

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let (recorder, impatient) = client(Some(Duration::from_millis(50)));
    impatient
        .get(format!("http://{address}"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error_type(&recorder.span("GET")), "timeout");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_of_its_span() {
    let url = serve(|_| "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_owned()).await;
    let (recorder, client) = client(None);
    let response = client.get(&url).send().await.unwrap();
    assert!(response.bytes().await.is_err());
    let span = recorder.span("GET");
    assert_eq!(error_type(&span), "body_error");
    assert_eq!(
        span.attribute("http.response.status_code"),
        Some(&200.into())
    );
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let (recorder, client) = client(None);
    let call = tokio::spawn(client.get(format!("http://{address}")).send());
    let (mut stream, _) = silent.accept().await.unwrap();
    head(&mut stream).await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(error_type(&recorder.span("GET")), "cancelled");
}

/// Tries again until the service is available.
struct Retries;

impl Middleware for Retries {
    fn handle<'this, 'extensions, 'next, 'all>(
        &'this self,
        request: Request,
        extensions: &'extensions mut Extensions,
        next: Next<'next>,
    ) -> std::pin::Pin<Box<dyn Future<Output = reqwest_middleware::Result<Response>> + Send + 'all>>
    where
        'this: 'all,
        'extensions: 'all,
        'next: 'all,
    {
        Box::pin(async move {
            loop {
                let again = request.try_clone().unwrap();
                let response = next.clone().run(again, extensions).await?;
                if response.status() != 503 {
                    return Ok(response);
                }
            }
        })
    }
}

#[tokio::test]
async fn each_attempt_has_a_span_and_says_how_many_went_before() {
    let attempts = Arc::new(AtomicU32::new(0));
    let url = serve(move |_| match attempts.fetch_add(1, Relaxed) {
        0 | 1 => respond(503, ""),
        _ => respond(200, ""),
    })
    .await;
    let (recorder, spans) = recording();
    let client = ClientBuilder::new(reqwest::Client::builder().no_proxy().build().unwrap())
        .with(Retries)
        .with(spans.reqwest_middleware())
        .build();
    client.get(&url).send().await.unwrap();
    let counts = |recorder: &SpanRecorder| -> Vec<_> {
        let spans = recorder.spans();
        let counts = spans
            .iter()
            .map(|span| span.attribute("http.request.resend_count").cloned());
        counts.collect()
    };
    assert_eq!(counts(&recorder), [None, Some(1.into()), Some(2.into())]);
    recorder.clear();
    client.get(&url).send().await.unwrap();
    assert_eq!(counts(&recorder), [None], "another call begins anew");
}
