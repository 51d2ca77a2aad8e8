//! The `gcp` profile on Cloud Run: severities that the console knows, request lines that it unfolds, lines under their
//! trace, and no line lost when the instance is stopped.
//!
//! `cargo run --example log_cloud_run`. To deploy such a service:
//!
//! ```text
//! gcloud run deploy orders --source . --set-env-vars LOG_FORMAT=gcp,LOG_LEVEL=info,GOOGLE_CLOUD_PROJECT=acme-prod
//! ```
//!
//! Standard output is collected by itself. These find what they say in the Logs Explorer:
//!
//! ```text
//! resource.type="cloud_run_revision" AND severity >= ERROR
//! jsonPayload.job_id != "" AND jsonPayload.performance.duration_ms > 5000
//! jsonPayload.auth_event != "" AND jsonPayload.success = false
//! trace="projects/acme-prod/traces/0af7651916cd43dd8448eb211c80319c"
//! ```

#![allow(clippy::print_stdout)] // the lines are what it shows

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use omtx_http::{End, Observer, Slot};
use omtx_logging::http::{AccessLog, RequestScope};
use omtx_logging::testing::Lines;
use omtx_logging::{Logging, LoggingBuilder, Profile};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Puts lines under the trace that Cloud Run began: its `traceparent` (W3C Trace Context, version 00). A service that
/// exports spans has this from its tracing instead.
#[derive(Clone, Copy, Debug)]
struct CloudTrace;

impl CloudTrace {
    fn parse(header: &str) -> Option<TraceContext> {
        let mut parts = header.strip_prefix("00-")?.split('-');
        let (trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?);
        if (trace.len(), span.len(), flags.len(), parts.next()) != (32, 16, 2, None) {
            return None;
        }
        Some(TraceContext::new(
            TraceId::new(u128::from_str_radix(trace, 16).ok()?)?,
            SpanId::new(u64::from_str_radix(span, 16).ok()?)?,
            TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        ))
    }
}

impl Observer for CloudTrace {
    type State = Option<TraceContext>;

    fn on_request<B>(&self, request: &mut Request<B>, slot: &mut Slot) -> Self::State {
        let header = request.headers().get("traceparent")?.to_str().ok()?;
        let trace = Self::parse(header)?;
        slot.set_trace(trace); // for the access line
        Some(trace)
    }

    fn on_end(&self, _: Self::State, _: &mut Slot, _: &End) {}

    fn in_scope<R>(&self, trace: &mut Self::State, poll: impl FnOnce() -> R) -> R {
        match trace {
            Some(trace) => trace.in_scope(poll),
            None => poll(),
        }
    }
}

fn settings() -> LoggingBuilder {
    Logging::builder("orders")
        .version(env!("CARGO_PKG_VERSION"))
        // What `LOG_FORMAT` and `GOOGLE_CLOUD_PROJECT` say on Cloud Run, before `from_env`.
        .profile(Profile::Gcp)
        .google_cloud_project("acme-prod")
}

fn app(logging: &Logging) -> Router {
    let pay = async || {
        tracing::error!(amount_cents = 1250, "the bank does not answer");
        StatusCode::BAD_GATEWAY
    };
    // Cloud Run's own request log has the URL and the address; this line has the route, the ids and what became of it.
    let observers = (
        CloudTrace,
        RequestScope::new(),
        AccessLog::for_logging(logging),
    );
    Router::new()
        .route("/orders/{id}/pay", get(pay))
        .layer(omtx_http::axum_layer(observers))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lines = Lines::default();
    // A service: `.sink(Queue::new(Direct::stdout())?)`, so that a slow reader cannot hold up a request.
    let logging = settings().sink(lines.clone()).install()?;
    logging.panic_hook().replace_previous(true).install();
    // When `main` returns, which is within ten seconds of SIGTERM on Cloud Run, what is queued is written.
    let _last_lines = logging.shutdown_guard(Duration::from_secs(5));

    // Cloud Run says on which port: `PORT`.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(axum::serve(listener, app(&logging)).into_future());
    let mut connection = TcpStream::connect(address).await?;
    let request = "GET /orders/17/pay HTTP/1.1\r\nhost: orders\r\nconnection: close\r\n\
        traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx-request-id: req-12345\r\n\r\n";
    connection.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    assert!(response.starts_with("HTTP/1.1 502"));
    server.abort();

    let lines: Vec<Value> = lines
        .take()
        .iter()
        .inspect(|line| println!("{line}"))
        .map(|line| serde_json::from_str(line))
        .collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!(line["severity"], "ERROR");
        assert_eq!(line["request_id"], "req-12345");
        assert_eq!(
            line["logging.googleapis.com/trace"],
            "projects/acme-prod/traces/0af7651916cd43dd8448eb211c80319c"
        );
        assert_eq!(line["logging.googleapis.com/trace_sampled"], true);
    }
    assert_eq!(lines[0]["amount_cents"], 1250);
    assert_eq!(lines[1]["httpRequest"]["status"], 502);
    assert_eq!(
        lines[1]["httpRequest"]["requestUrl"],
        json!("/orders/{id}/pay")
    );
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
