//! What a collector that is not ours gets of the hub: spans, metrics and log records, over gRPC and over HTTP.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::TWO;
use crate::process::HubProcess;
use crate::receiver::Receiver;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// A hub that exports to `endpoint` without delay.
pub(crate) fn exporting(endpoint: &str, variables: &[(&str, &str)]) -> HubProcess {
    let mut all = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "20"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        ("OMTX_DRAIN_DELAY", "0"),
        ("OMTX_SHUTDOWN_DEADLINE", "5"),
    ];
    all.extend(variables);
    HubProcess::logged(&all)
}

/// Submits a job as a client does that is traced itself.
async fn submit(hub: SocketAddr, query: &str) {
    let mut stream = TcpStream::connect(hub).await.unwrap();
    let request = format!(
        "POST /api/v1/jobs?{query} HTTP/1.1\r\nhost: {hub}\r\nuser-agent: tests/1\r\nconnection: close\r\n\
         traceparent: 00-{TRACE}-{CALLER}-01\r\ncontent-length: {}\r\n\r\n{TWO}",
        TWO.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
}

/// The span of this name and kind in the trace, of the hub with this instance id.
fn find<'a>(lines: &'a [Value], kind: &str, parent: &str) -> Option<&'a Value> {
    lines.iter().find(|line| {
        line["type"] == "span"
            && line["trace_id"] == TRACE
            && line["kind"] == kind
            && line["parent_span_id"] == parent
    })
}

fn id(span: &Value) -> &str {
    span["span_id"].as_str().unwrap()
}

#[track_caller]
fn has(what: &str, attributes: &Value, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&attributes[key], value, "{key} of {what}: {attributes}");
    }
}

/// A client submits a job to one hub, which calls another back at its end.
async fn three_signals(receiver: &Receiver, endpoint: &str, protocol: &str) {
    let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)];
    let (first, second) = (
        exporting(endpoint, &variables),
        exporting(endpoint, &variables),
    );
    let callback = format!(
        "http://{}/api/v1/jobs%3Fsig%3Dsecret%26job_type%3Dgc",
        second.address
    );
    let query = format!("job_type=gc&callback_url={callback}");
    submit(first.address, &query).await;

    // Server, job, client and the other server: each the child of the one before.
    let [server, job, client, other] = receiver.wait_for("four spans in one trace", |lines| {
        let server = find(lines, "SERVER", CALLER)?;
        let job = find(lines, "CONSUMER", id(server))?;
        let client = find(lines, "CLIENT", id(job))?;
        let other = find(lines, "SERVER", id(client))?;
        Some([server, job, client, other].map(Value::clone))
    });
    assert_eq!(server["name"], "POST /api/v1/jobs");
    has(
        "the server",
        &server["attributes"],
        &json!({
            "http.request.method": "POST",
            "url.scheme": "http",
            "url.path": "/api/v1/jobs",
            "http.route": "/api/v1/jobs",
            "http.response.status_code": 202,
            "network.protocol.version": "1.1",
            "server.address": "127.0.0.1",
            "server.port": first.address.port(),
            "client.address": "127.0.0.1",
            "network.peer.address": "127.0.0.1",
            "user_agent.original": "tests/1",
        }),
    );
    let query = server["attributes"]["url.query"].as_str().unwrap();
    assert!(
        query.starts_with("job_type=gc&callback_url=http"),
        "{query}"
    );
    assert_eq!(job["name"], "process gc");
    has(
        "the job",
        &job["attributes"],
        &json!({
            "messaging.operation.type": "process",
            "messaging.destination.name": "default",
            "omtx.job.type": "gc",
            "omtx.job.outcome": "completed",
            "omtx.job.stage": "store",
        }),
    );
    // The other hub finds no FASTA in what it is told.
    assert_eq!(
        (&client["name"], &client["status"]["code"]),
        (&json!("POST"), &json!("ERROR"))
    );
    has(
        "the client",
        &client["attributes"],
        &json!({
            "http.request.method": "POST",
            "url.full": format!("http://{}/api/v1/jobs?sig=REDACTED&job_type=gc", second.address),
            "server.address": "127.0.0.1",
            "server.port": second.address.port(),
            "http.response.status_code": 400,
            "error.type": "400",
        }),
    );
    has(
        "the other server",
        &other["attributes"],
        &json!({ "http.route": "/api/v1/jobs", "http.response.status_code": 400 }),
    );
    assert_eq!(
        other["status"]["code"], "UNSET",
        "4xx is the client's fault"
    );
    let resource = json!({
        "service.name": "omtx-hub",
        "service.version": env!("CARGO_PKG_VERSION"),
        "telemetry.sdk.language": "rust",
    });
    for span in [&server, &job, &client, &other] {
        has("the resource", &span["resource"], &resource);
    }
    let instance = |span: &Value| span["resource"]["service.instance.id"].clone();
    assert_eq!(instance(&server), instance(&client));
    assert_ne!(instance(&server), instance(&other), "two processes");

    // Log lines have the ids of the span that they were written in.
    for (body, span) in [("request completed", &server), ("job completed", &job)] {
        let record = receiver.wait_for(body, |lines| {
            let of_span = |line: &&Value| {
                line["type"] == "log" && line["body"] == body && line["span_id"] == span["span_id"]
            };
            lines.iter().find(of_span).cloned()
        });
        assert_eq!(record["trace_id"], TRACE);
        assert_eq!(
            (&record["severity_text"], &record["severity_number"]),
            (&json!("INFO"), &json!(9))
        );
        assert!(record["attributes"]["request_id"].is_string(), "{record}");
        has("the resource", &record["resource"], &resource);
    }

    // Metrics, and the trace as the example of a duration.
    let duration = receiver.wait_for("an exemplar of the trace", |lines| {
        let of_name = |line: &&Value| {
            line["type"] == "metric"
                && line["name"] == "http_request_duration_seconds"
                && line.to_string().contains(TRACE)
        };
        lines.iter().find(of_name).cloned()
    });
    assert_eq!(
        (&duration["data"], &duration["unit"]),
        (&json!("histogram"), &json!("s"))
    );
    has("the resource", &duration["resource"], &resource);
    receiver.wait_for("the job's end as a metric", |lines| {
        lines.iter().find_map(|line| {
            (line["type"] == "metric" && line["name"] == "omtx_hub_jobs_completed_total")
                .then_some(())
        })
    });
    for hub in [first, second] {
        let end = hub.end().await;
        assert!(end.status.success(), "{}", end.log);
        assert!(
            !end.log.contains("not everything was exported"),
            "{}",
            end.log
        );
    }
}

#[tokio::test]
async fn a_collector_gets_spans_metrics_and_log_records_over_grpc() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    three_signals(&receiver, &receiver.grpc_endpoint(), "grpc").await;
}

#[tokio::test]
async fn a_collector_gets_spans_metrics_and_log_records_over_http() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    three_signals(&receiver, &receiver.http_endpoint(), "http/protobuf").await;
}

#[tokio::test]
async fn without_a_collector_there_is_no_thread_and_lines_have_the_ids_all_the_same() {
    let hub = HubProcess::logged(&[("OMTX_DRAIN_DELAY", "0")]);
    submit(hub.address, "job_type=gc").await;
    let scraped = hub.scrape().await;
    assert_eq!(scraped.read("omtx_trace_spans_created_total", &[]), None);
    #[cfg(target_os = "linux")]
    for task in std::fs::read_dir(hub.proc().join("task")).unwrap() {
        let name = std::fs::read_to_string(task.unwrap().path().join("comm"));
        // One may have ended since it was listed.
        assert!(!name.is_ok_and(|name| name.starts_with("omtx-otlp")));
    }
    let end = hub.end().await;
    let lines = end.log.lines().filter(|line| line.contains(TRACE));
    assert!(
        lines.count() >= 2,
        "the request's and the job's: {}",
        end.log
    );
}
