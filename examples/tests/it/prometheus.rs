//! An unmodified Prometheus scrapes the hub, and its answers are what happened.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Method, StatusCode};
use omtx_examples::hub::client::Client;
use omtx_examples::hub::demo::{self, Watch};
use omtx_metrics::testing::Exposition;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::engine::{self, Prometheus};
use crate::harness::{TWO, TestHub};

const REQUEST_RATE: &str = "sum by (method, endpoint) (rate(http_requests_total[5m]))";

const ERROR_RATIO: &str = r#"sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m]))"#;

const FAILED_ENDS_RATIO: &str = r#"sum by (job) (rate(http_request_ends_total{end=~"error|panicked|body_error"}[5m])) / sum by (job) (rate(http_request_ends_total[5m]))"#;

const JOB_P95: &str =
    "histogram_quantile(0.95, sum by (le, job) (rate(omtx_hub_job_duration_seconds_bucket[5m])))";

/// For Prometheus to have seen what there is to see.
const PATIENCE: Duration = Duration::from_secs(30);

/// The one of the README, in more of a hurry.
fn config(target: SocketAddr) -> String {
    format!(
        "\
scrape_configs:
  - job_name: omtx-hub
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs:
      - targets: [\"{target}\"]
"
    )
}

/// What Prometheus answers to the path and query.
pub(crate) async fn get(prometheus: &Prometheus, path: &str) -> Value {
    let answer = Client::new(prometheus.address).get(path).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    answer.json()["data"].clone()
}

/// Every byte of `text` as a URL's query can carry it.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The rows of an instant query: labels, and value.
pub(crate) async fn query(
    prometheus: &Prometheus,
    promql: &str,
) -> Vec<(BTreeMap<String, String>, f64)> {
    let encoded = percent_encoded(promql);
    let data = get(prometheus, &format!("/api/v1/query?query={encoded}")).await;
    let rows = data["result"].as_array().expect("a vector");
    rows.iter()
        .map(|row| {
            let labels = serde_json::from_value(row["metric"].clone()).unwrap();
            let value = row["value"][1].as_str().expect("a number in quotes");
            (labels, value.parse().unwrap())
        })
        .collect()
}

/// The only row of an instant query.
async fn only(prometheus: &Prometheus, promql: &str) -> f64 {
    let rows = query(prometheus, promql).await;
    assert_eq!(rows.len(), 1, "{promql}: {rows:?}");
    assert_eq!(
        rows[0].0,
        BTreeMap::from([("job".into(), "omtx-hub".into())])
    );
    rows[0].1
}

/// Requests that the hub has served, and those among them that it failed.
struct Served {
    all: f64,
    errors: f64,
}

fn served(hub: &TestHub) -> Served {
    let exposition = Exposition::parse(&hub.app.metrics.registry().to_text()).unwrap();
    let family = exposition.family("http_requests_total").unwrap();
    let sum = |prefix: &str| {
        let samples = family.samples.iter();
        samples
            .filter(|sample| sample.label("status").unwrap().starts_with(prefix))
            .map(|sample| sample.value)
            .sum()
    };
    Served {
        all: sum(""),
        errors: sum("5"),
    }
}

/// Waits until Prometheus knows of every request that the hub has served.
async fn caught_up(prometheus: &Prometheus, hub: &TestHub) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = query(prometheus, "sum(http_requests_total)").await;
        if seen.first().is_some_and(|(_, all)| *all == served(hub).all) {
            return;
        }
        let targets = get(prometheus, "/api/v1/targets").await;
        assert!(Instant::now() < deadline, "{seen:?}\n{targets:#}");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn demo_round(hub: &TestHub, seed: u64) {
    let mut watch = Watch::start(hub.address).await.unwrap();
    demo::round(hub.address, seed, &mut watch, |_| ())
        .await
        .unwrap();
}

/// Two requests that are answered for each that finds the queue full.
async fn traffic(hub: &TestHub, refused: usize) {
    let submit = "/api/v1/jobs?job_type=gc&fault=hang";
    let mut hung = Vec::new();
    let mut busy = 0;
    while busy < refused {
        let answer = hub.client.post(submit, TWO).await.unwrap();
        if answer.status == StatusCode::ACCEPTED {
            hung.push(format!("/api/v1/jobs/{}", answer.text("job_id")));
            continue;
        }
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        busy += 1;
        for _ in 0..2 {
            let shown = hub.client.get(&hung[0]).await.unwrap();
            assert_eq!(shown.status, StatusCode::OK);
        }
    }
    for path in hung.iter().rev() {
        hub.client.request(Method::DELETE, path, "").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_scrapes_the_hub_and_its_queries_say_what_happened() {
    let hub = TestHub::for_demo().await;
    let Some(prometheus) = Prometheus::start("hub", &config(hub.address)) else {
        return;
    };
    // From here on every series exists, with a sample that later ones are an increase of.
    demo_round(&hub, 1).await;
    caught_up(&prometheus, &hub).await;

    let before = served(&hub);
    traffic(&hub, 200).await;
    demo_round(&hub, 2).await;
    caught_up(&prometheus, &hub).await;
    let after = served(&hub);

    let targets = get(&prometheus, "/api/v1/targets").await;
    let target = &targets["activeTargets"][0];
    assert_eq!(
        (&target["health"], &target["lastError"]),
        (&"up".into(), &"".into())
    );

    let rates = query(&prometheus, REQUEST_RATE).await;
    for (method, endpoint) in [
        ("POST", "/api/v1/jobs"),
        ("GET", "/api/v1/jobs/{id}"),
        ("DELETE", "/api/v1/jobs/{id}"),
        ("POST", "/api/v1/login"),
    ] {
        let labels = [("method", method), ("endpoint", endpoint)];
        let labels = labels.map(|(label, value)| (label.to_owned(), value.to_owned()));
        let row = rates
            .iter()
            .find(|row| row.0 == BTreeMap::from(labels.clone()));
        assert!(
            row.is_some_and(|row| row.1.is_finite() && row.1 > 0.0),
            "{labels:?}: {rates:#?}"
        );
    }

    let ratio = only(&prometheus, ERROR_RATIO).await;
    let sent = (after.errors - before.errors) / (after.all - before.all);
    // `rate` extrapolates each series by up to one interval at each end.
    assert!(
        ratio > 0.0 && ratio < 1.0 && (ratio / sent - 1.0).abs() < 0.3,
        "the queries say {ratio}, the traffic was {sent}"
    );

    // Uploads that clients broke off are among the ends, and not among the statuses.
    let failed = only(&prometheus, FAILED_ENDS_RATIO).await;
    assert!(
        failed > 0.0 && failed < 1.0 && failed > ratio * 0.7,
        "{failed} of the requests failed, and {ratio} had a status of 5xx"
    );

    let p95 = only(&prometheus, JOB_P95).await;
    assert!(p95 > 0.0 && p95 < 60.0, "{p95}");
}

#[tokio::test]
async fn promtool_has_nothing_to_say_of_the_exposition() {
    let hub = TestHub::for_demo().await;
    demo_round(&hub, 1).await;
    let exposition = hub.client.get("/metrics").await.unwrap().body;
    let exposition = String::from_utf8(exposition.to_vec()).unwrap();
    let Some(output) = engine::run("promtool", &["check", "metrics"], &exposition) else {
        return;
    };
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!((said.as_str(), output.status.code()), ("", Some(0)));
}

const README: &str = include_str!("../../README.md");

#[test]
fn the_readmes_show_the_queries_and_the_configuration_that_are_tested() {
    let tested = config(SocketAddr::from(([127, 0, 0, 1], 8000)));
    let shown = tested
        .replace("    scrape_timeout: 1s\n", "")
        .replace("1s", "15s");
    for readme in [README, include_str!("../../../README.md")] {
        for text in [
            REQUEST_RATE,
            ERROR_RATIO,
            FAILED_ENDS_RATIO,
            JOB_P95,
            &shown,
        ] {
            assert!(
                readme.contains(text),
                "a README lacks what is tested:\n{text}"
            );
        }
    }
}

/// Debian builds Prometheus without Kubernetes: pods are told to it instead of found by it. What becomes of them is up to
/// the README's rules.
#[tokio::test]
async fn the_readmes_rules_find_the_pods_that_want_to_be_scraped() {
    let hub = TestHub::start().await;
    let discovery = "    kubernetes_sd_configs:\n      - role: pod\n";
    let config = README
        .split("```yaml\n")
        .find(|block| block.contains(discovery));
    let config = config.and_then(|block| block.split("```").next()).unwrap();
    let pods = format!(
        "    static_configs:
      - targets: [\"silent\"]
      - targets: [\"hub\"]
        labels:
          __meta_kubernetes_pod_annotation_prometheus_io_scrape: \"true\"
          __meta_kubernetes_pod_annotation_prometheus_io_port: \"{}\"
          __meta_kubernetes_pod_annotation_prometheus_io_path: /metrics
          __meta_kubernetes_pod_ip: {}
          __meta_kubernetes_pod_label_app: omtx-hub
          __meta_kubernetes_pod_name: omtx-hub-0
          __meta_kubernetes_namespace: science
",
        hub.address.port(),
        hub.address.ip(),
    );
    let config = config.replace(discovery, &pods).replace("15s", "1s");
    let Some(prometheus) = Prometheus::start("pods", &config) else {
        return;
    };
    let deadline = Instant::now() + PATIENCE;
    let up = loop {
        let up = query(&prometheus, "up == 1").await;
        if !up.is_empty() {
            break up;
        }
        assert!(Instant::now() < deadline, "{config}");
        sleep(Duration::from_millis(50)).await;
    };
    let labels = [
        ("__name__", "up"),
        ("instance", &hub.address.to_string()),
        ("job", "omtx-hub"),
        ("namespace", "science"),
        ("pod", "omtx-hub-0"),
    ];
    let labels = labels.map(|(label, value)| (label.to_owned(), value.to_owned()));
    assert_eq!(up, [(BTreeMap::from(labels), 1.0)]);
    assert_eq!(
        query(&prometheus, "up").await.len(),
        1,
        "the silent one is left out"
    );
}
