//! What an unmodified Prometheus 2.42 makes of each format, and the reference parser of the hub's OpenMetrics.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::header::ACCEPT;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::TokioExecutor;
use omtx_examples::hub::client::Client;
use omtx_metrics::testing::Exposition;
use omtx_metrics::{Histogram, NativeBuckets, Registry};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::engine::{self, Prometheus};
use crate::harness::{TWO, TestHub};
use crate::prometheus::{get, percent_encoded, query};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

/// For Prometheus to have scraped often enough.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service whose answers take 0.2 s, over and over: classic and native buckets, and an exemplar.
struct Service {
    registry: Registry,
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Service {
    async fn start() -> Self {
        let registry = Registry::new();
        let answers = registry
            .family::<(), Histogram>("answer_seconds", "Time to answer.")
            .unit("seconds")
            .buckets([0.1, 0.25, 1.0])
            .native(NativeBuckets::new())
            .register()
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/metrics", registry.metrics_route());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        tasks.spawn(async move {
            loop {
                let labels = [("trace_id", TRACE_ID)];
                answers.with(()).observe_with_exemplar(0.2, &labels[..]);
                sleep(Duration::from_millis(20)).await;
            }
        });
        Self {
            registry,
            address,
            _tasks: tasks,
        }
    }

    fn config(&self) -> String {
        scrape_config("service", self.address)
    }

    /// Scrapes so far that were answered in this format, compressed.
    async fn scraped(&self, format: &str) -> f64 {
        let text = Client::new(self.address)
            .get("/metrics")
            .await
            .unwrap()
            .body;
        let exposition = Exposition::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        let labels = [("format", format), ("encoding", "gzip"), ("code", "200")];
        exposition.read("omtx_scrapes_total", &labels).unwrap()
    }
}

fn scrape_config(job: &str, target: SocketAddr) -> String {
    format!(
        "scrape_configs:\n  - job_name: {job}\n    scrape_interval: 1s\n    scrape_timeout: 1s\n    static_configs:\n      - targets: [\"{target}\"]\n"
    )
}

/// The answer of the first query that has one and is no NaN: a rate needs two scrapes.
async fn answer(prometheus: &Prometheus, promql: &str) -> f64 {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let rows = query(prometheus, promql).await;
        if let Some((_, value)) = rows.first().filter(|(_, value)| value.is_finite()) {
            return *value;
        }
        let targets = get(prometheus, "/api/v1/targets").await;
        assert!(Instant::now() < deadline, "{promql}: {rows:?}\n{targets:#}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_native_histograms_prometheus_answers_a_quantile_and_returns_the_exemplar() {
    let service = Service::start().await;
    let flags = ["--enable-feature=native-histograms,exemplar-storage"];
    let Some(prometheus) = Prometheus::start_with("native", &service.config(), &flags) else {
        return;
    };
    let quantile = answer(
        &prometheus,
        "histogram_quantile(0.9, rate(answer_seconds[1m]))",
    )
    .await;
    // Schema 3: 0.2 lies in the bucket from 2^(-19/8) to 2^(-18/8).
    assert!((0.19..=0.22).contains(&quantile), "{quantile}");
    assert!(service.scraped("protobuf").await > 0.0);

    let deadline = Instant::now() + PATIENCE;
    let exemplar = loop {
        let range = "start=2020-01-01T00:00:00Z&end=2100-01-01T00:00:00Z";
        let path = format!("/api/v1/query_exemplars?query=answer_seconds&{range}");
        let found: Value = get(&prometheus, &path).await;
        if let Some(exemplar) = found.pointer("/0/exemplars/0") {
            break exemplar.clone();
        }
        assert!(Instant::now() < deadline, "{found:#}");
        sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(exemplar["labels"]["trace_id"], TRACE_ID);
    assert_eq!(exemplar["value"], "0.2");
    drop(service.registry);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_native_histograms_prometheus_answers_from_classic_buckets() {
    let service = Service::start().await;
    let Some(prometheus) = Prometheus::start("classic", &service.config()) else {
        return;
    };
    let quantile = "histogram_quantile(0.9, rate(answer_seconds_bucket[1m]))";
    let quantile = answer(&prometheus, quantile).await;
    assert!((0.1..=0.25).contains(&quantile), "{quantile}");
    assert!(service.scraped("openmetrics").await > 0.0);
    // `le` is canonical in OpenMetrics, and a label like any other.
    let whole = percent_encoded(r#"answer_seconds_bucket{le="1.0"}"#);
    let rows = get(&prometheus, &format!("/api/v1/query?query={whole}")).await;
    assert_eq!(rows["result"].as_array().map(Vec::len), Some(1));
}

/// The variable is all that it takes.
#[cfg(unix)]
#[tokio::test]
async fn with_native_histograms_prometheus_answers_quantiles_of_the_hubs_requests_and_jobs() {
    use crate::process::HubProcess;

    let variables = [
        ("OMTX_NATIVE_HISTOGRAMS", "true"),
        ("OMTX_DRAIN_DELAY", "0"),
    ];
    let hub = HubProcess::start(&variables, std::process::Stdio::null());
    let config = scrape_config("hub", hub.address);
    let flags = ["--enable-feature=native-histograms"];
    let Some(prometheus) = Prometheus::start_with("native-hub", &config, &flags) else {
        return;
    };
    let client = hub.client.clone();
    let mut traffic = JoinSet::new();
    traffic.spawn(async move {
        loop {
            let job = client.post("/api/v1/jobs?job_type=gc", TWO).await.unwrap();
            assert!(job.status.is_success());
            sleep(Duration::from_millis(20)).await;
        }
    });
    for family in [
        "http_request_duration_seconds",
        "omtx_hub_job_duration_seconds",
    ] {
        // Without `_bucket`: these are the native ones.
        let promql = format!("histogram_quantile(0.9, sum(rate({family}[1m])))");
        let quantile = answer(&prometheus, &promql).await;
        assert!(quantile > 0.0 && quantile < 60.0, "{family}: {quantile}");
    }
    let labels = [
        ("format", "protobuf"),
        ("encoding", "gzip"),
        ("code", "200"),
    ];
    let scrapes = hub.read("omtx_scrapes_total", &labels).await;
    assert!(scrapes.is_some_and(|scrapes| scrapes > 0.0), "{scrapes:?}");
}

/// Where Debian's python3-prometheus-client puts the reference parser.
const PARSER: &str = "/usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py";

const SCRIPT: &str = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
text = sys.stdin.buffer.read().decode('utf-8')
print(sum(len(family.samples) for family in text_string_to_metric_families(text)))
";

#[tokio::test]
async fn the_reference_parser_accepts_what_the_hub_exposes() {
    let hub = TestHub::for_demo().await;
    let answer = hub
        .client
        .post("/api/v1/jobs?job_type=gc", TWO)
        .await
        .unwrap();
    assert!(answer.status.is_success());
    let request = http::Request::get(format!("http://{}/metrics", hub.address))
        .header(ACCEPT, "application/openmetrics-text")
        .body(Full::<Bytes>::default())
        .unwrap();
    let pool = Pool::builder(TokioExecutor::new()).build_http();
    let answer = pool.request(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let samples = Exposition::parse_openmetrics(&text)
        .unwrap()
        .samples()
        .count();
    assert!(samples > 100, "{text}");

    if !Path::new(PARSER).exists() {
        return engine::missing(PARSER, "the parser is not installed");
    }
    let Some(output) = engine::run("/usr/bin/python3", &["-c", SCRIPT], &text) else {
        return;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((said.as_str(), output.status.code()), ("", Some(0)));
    let found = String::from_utf8(output.stdout).unwrap();
    assert_eq!(found.trim().parse(), Ok(samples));
}
