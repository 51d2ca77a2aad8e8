//! What a collector that cannot keep up does to the requests of the service: over sockets, a thousand of them a second, each with a
//! span.

use std::net::SocketAddr;
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use omtx_benches::{Plan, Subject};
use omtx_tracing::{Batching, Otlp, Protocol, Signal, Telemetry};

use crate::collector::{self, Manner};
use crate::load::requests_during;

/// Spans of one request to the collector.
const BATCH: usize = 50;

/// How long the one that is overloaded needs for it: 100 spans a second, where a thousand come.
const NEEDS: Duration = Duration::from_millis(500);

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new(
        "The service's own requests while their spans are exported",
        "µs",
        plan,
    );
    for (name, manner) in [
        ("takes all of them", Manner::Takes),
        ("takes a tenth of them", Manner::TakesFor(NEEDS)),
        ("never answers", Manner::NeverAnswers),
    ] {
        let Some(p50) = subject.row(&format!("p50, the collector {name}")) else {
            continue;
        };
        let p99 = subject.row(&format!("p99, the collector {name}"));
        let p99 = p99.unwrap_or_else(|| panic!("{name}: both run, or none"));
        let lasts = Duration::from_secs(if plan.quick { 2 } else { 10 });

        let plain = latencies(service(), lasts);
        let telemetry = exporting_to(collector::start(manner));
        let layer = omtx_http::axum_layer(telemetry.server_spans());
        let traced = latencies(service().layer(layer), lasts);
        let stats = telemetry.stats().traces.expect("spans are exported");
        telemetry.shutdown(Duration::ZERO);
        let lost = stats.dropped.total() as f64 / stats.created as f64;
        let note = format!("{:.0} % of {} spans lost", lost * 100.0, stats.created);
        for (row, percent) in [(p50, 50), (p99, 99)] {
            let at = |latencies: &[Duration]| {
                let at = (latencies.len() - 1) * percent / 100;
                latencies[at].as_secs_f64() * 1e6
            };
            row.note(note.clone()).exact(
                at(&traced),
                [("without spans", at(&plain))],
                &mut subject,
            );
        }
    }
    subject.print();
}

/// What is asked for.
fn service() -> Router {
    Router::new().route("/api/v1/users", get(async || Json(["ada", "grace"])))
}

/// A queue that is full within the first second of an overload.
fn exporting_to(collector: SocketAddr) -> Telemetry {
    let otlp = Otlp::new()
        .endpoint(format!("http://{collector}/v1/traces"))
        .protocol(Protocol::HttpProtobuf);
    let batching = Batching::new(Signal::Traces)
        .max_queue_records(4 * BATCH)
        .max_batch_records(BATCH)
        .delay(Duration::from_millis(20));
    Telemetry::builder("hub")
        .detect_resource(false)
        .otlp_for(Signal::Traces, otlp)
        .batching(Signal::Traces, batching)
        .build()
        .expect("the settings are sound")
}

/// How long requests take of a service with two workers, the shortest first.
fn latencies(service: Router, lasts: Duration) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_io()
        .build()
        .expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    runtime.spawn(async move { axum::serve(listener, service).await });
    let mut latencies = Vec::new();
    requests_during(address, None, &mut latencies, || std::thread::sleep(lasts));
    latencies.sort_unstable();
    latencies
}
