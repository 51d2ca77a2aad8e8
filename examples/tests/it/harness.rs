//! A hub and what the tests need around it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::post;
use http::StatusCode;
use omtx_examples::hub::api::App;
use omtx_examples::hub::client::Client;
use omtx_examples::hub::logging;
use omtx_examples::hub::metrics::Metrics;
use omtx_examples::hub::{Config, Hub, telemetry};
use omtx_logging::Logging;
use omtx_logging::testing::Lines;
use omtx_metrics::testing::Exposition;
use omtx_tracing::Telemetry;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

pub(crate) const TWO: &str = ">a\nACGTACGTTTGACA\n>b\nACGTCCGTTGACA\n";

/// Lines for nobody.
pub(crate) fn logging() -> Logging {
    logging::settings().sink(Lines::default()).build().unwrap()
}

/// Spans for nobody.
fn telemetry() -> Telemetry {
    telemetry::settings().build().unwrap()
}

/// A hub that listens until it is dropped, or told to stop.
pub(crate) struct TestHub {
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    pub(crate) app: Arc<App>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl TestHub {
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn for_demo() -> Self {
        Self::with(|config| *config = config.clone().for_demo()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: 2,
            drain_delay: Duration::ZERO,
            faults: true,
            ..Config::default()
        };
        change(&mut config);
        let hub = Hub::bind(config, &logging(), &telemetry()).await.unwrap();
        let (address, app) = (hub.local_addr().unwrap(), hub.app().clone());
        let serving = tokio::spawn(hub.serve());
        Self {
            client: Client::new(address),
            address,
            app,
            serving,
        }
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        let Self {
            serving,
            app,
            client,
            ..
        } = self;
        let drain = app.health.drain().clone();
        drop((app, client)); // nothing but the hub itself holds its observers
        drain.start();
        serving.await.unwrap().unwrap();
    }

    /// A sample of what the service exposes; 0 where there is none.
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        metric(&self.app.metrics, name, labels)
    }

    /// Submits a job whose end will be told to `receiver`, and gives its id.
    pub(crate) async fn submit(&self, receiver: &Receiver, query: &str, fasta: &str) -> String {
        let path = format!("/api/v1/jobs?{query}&callback_url={}", receiver.url("ok"));
        let answer = self.client.post(&path, fasta.to_owned()).await.unwrap();
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{:?}", answer.body);
        answer.text("job_id")
    }

    /// Runs a job to its end and gives it as a client sees it.
    pub(crate) async fn job(&self, query: &str, fasta: &str) -> Value {
        let mut receiver = Receiver::start().await;
        let id = self.submit(&receiver, query, fasta).await;
        receiver.next().await;
        self.client
            .get(&format!("/api/v1/jobs/{id}"))
            .await
            .unwrap()
            .json()
    }
}

/// A sample of what `metrics` expose; 0 where there is none.
pub(crate) fn metric(metrics: &Metrics, name: &str, labels: &[(&str, &str)]) -> f64 {
    Exposition::parse(&metrics.registry().to_text())
        .unwrap()
        .read(name, labels)
        .unwrap_or(0.0)
}

/// Takes webhooks. `/{status}` answers with that status, `/ok` with 200.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    events: mpsc::UnboundedReceiver<Value>,
    _serving: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let (told, events) = mpsc::unbounded_channel();
        let take = async move |Path(status): Path<String>, body: Bytes| {
            let _ = told.send(serde_json::from_slice(&body).unwrap());
            let status = status.parse().unwrap_or(StatusCode::OK);
            (status, [("location", "/ok")]) // where the status is a redirect
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, Router::new().route("/{status}", post(take)))
                .await
                .unwrap();
        });
        Self {
            address,
            events,
            _serving: serving,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub(crate) async fn next(&mut self) -> Value {
        self.events.recv().await.unwrap()
    }
}
