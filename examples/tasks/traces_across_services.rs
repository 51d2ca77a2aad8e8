//! One trace through two services and a worker: HTTP from one service to the next, then a queue.
//!
//! `cargo run --example traces_across_services` sends one order and prints its spans. What they are sent to is up to the
//! environment; with nothing set they are kept here and checked.
//!
//! | to | set |
//! |---|---|
//! | a developer's terminal | `OTEL_TRACES_EXPORTER=console` |
//! | Jaeger: `docker run --rm -p 16686:16686 -p 4317:4317 jaegertracing/jaeger:2.6.0` | `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317`, and look at <http://127.0.0.1:16686> |
//! | Grafana Tempo, an OpenTelemetry Collector | the same, with its address; port 4318 with `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf` |
//! | Google Cloud Trace | [a collector beside the service](traces_collector.yaml), which has the credentials |
#![allow(clippy::print_stdout)] // it is what an example is for

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use omtx_tracing::client::ClientSpans;
use omtx_tracing::http::ServerSpans;
use omtx_tracing::messaging::Messaging;
use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{Propagators, Signal, Telemetry, TracerProvider};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower::{Layer, ServiceExt};

/// What a program of its own would get from its [`Telemetry`].
#[derive(Clone)]
struct Traced {
    provider: TracerProvider,
    propagators: Propagators,
}

impl Traced {
    /// `telemetry.server_spans()`
    fn server(&self) -> ServerSpans {
        ServerSpans::new(&self.provider, &self.propagators)
    }

    /// `telemetry.client_layer()`
    fn client(&self) -> ClientSpans {
        ClientSpans::new(&self.provider, &self.propagators)
    }

    /// `telemetry.messaging("in-process")`
    fn messaging(&self) -> Messaging {
        Messaging::new(&self.provider, &self.propagators, "in-process")
    }
}

/// What goes through the queue: the context travels in the headers, as in Redis, Kafka or RabbitMQ.
struct Message {
    headers: HashMap<String, String>,
    order: String,
}

/// The shop takes orders and asks the warehouse.
fn shop(traced: &Traced, warehouse: SocketAddr) -> Router {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let client = traced.client().layer().layer(client);
    let order = async move |order: Bytes| {
        let request = Request::post(format!("http://{warehouse}/parcels")).body(Full::new(order));
        let request = request.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        match client.clone().oneshot(request).await {
            Ok(answer) => Ok(answer.status()),
            Err(_) => Err(StatusCode::BAD_GATEWAY),
        }
    };
    Router::new()
        .route("/orders", post(order))
        .layer(omtx_http::axum_layer(traced.server()))
}

/// The warehouse answers at once, and leaves the packing to a worker.
fn warehouse(traced: &Traced, queue: mpsc::Sender<Message>) -> Router {
    let messaging = traced.messaging();
    let pack = async move |State(queue): State<mpsc::Sender<Message>>, order: String| {
        let mut headers = HashMap::new();
        let sending = messaging.send("parcels", &mut headers);
        let sent = sending.run(async { queue.send(Message { headers, order }).await });
        match sent.await {
            Ok(()) => StatusCode::ACCEPTED,
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    };
    Router::new()
        .route("/parcels", post(pack))
        .with_state(queue)
        .layer(omtx_http::axum_layer(traced.server()))
}

/// Packs parcels until nobody sends any more, and tells of each.
async fn worker(
    traced: Traced,
    mut queue: mpsc::Receiver<Message>,
    told: mpsc::UnboundedSender<bool>,
) {
    let messaging = traced.messaging();
    while let Some(Message { headers, order }) = queue.recv().await {
        let packed = messaging.process("parcels", &headers).run(async {
            match order.is_empty() {
                true => Err(io::Error::from(io::ErrorKind::InvalidInput)),
                false => Ok(()), // the work
            }
        });
        let _ = told.send(packed.await.is_ok()); // the span has the error
    }
}

async fn serve(app: Router) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

/// All three, and one order; over when the parcel is packed.
async fn order(traced: &Traced) -> Result<(), Box<dyn Error>> {
    let (queue, messages) = mpsc::channel(16);
    let warehouse = serve(warehouse(traced, queue)).await?;
    let shop = serve(shop(traced, warehouse)).await?;
    let (told, mut packed) = mpsc::unbounded_channel();
    tokio::spawn(worker(traced.clone(), messages, told));
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = Request::post(format!("http://{shop}/orders"));
    let answer = client.request(request.body("one kettle".into())?).await?;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(packed.recv().await, Some(true));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::builder("shop").from_env()?.build()?;
    if telemetry.exports(Signal::Traces) {
        let traced = Traced {
            provider: telemetry.tracer_provider().clone(),
            propagators: telemetry.propagators().clone(),
        };
        order(&traced).await?;
        let lost = telemetry.shutdown_async(Duration::from_secs(5)).await;
        println!("one order was traced; lost: {lost}");
        return Ok(());
    }

    let recorder = SpanRecorder::new();
    let traced = Traced {
        provider: recorder.provider(),
        propagators: Propagators::default(),
    };
    order(&traced).await?;
    let spans = recorder.spans();
    // From the outermost in: each is the child of the one before.
    let mut parent = None;
    let mut chain = Vec::new();
    while let Some(span) = spans.iter().find(|span| span.parent_span_id() == parent) {
        println!(
            "{}{} ({:?})",
            "  ".repeat(chain.len()),
            span.name(),
            span.kind()
        );
        chain.push(span.name());
        assert_eq!(span.trace_id(), spans[0].trace_id());
        parent = Some(span.span_id());
    }
    assert_eq!(
        chain,
        [
            "POST /orders",
            "POST",
            "POST /parcels",
            "send parcels",
            "process parcels",
        ]
    );
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
