//! A plain `prometheus::Registry` with its own protobuf encoder hands on what that crate knows nothing of.

use axum::Router;
use axum::routing::get;
use omtx_metrics::listener::Listener;
use omtx_metrics::testing::{Exposition, assert_same};
use omtx_metrics::{
    Counter, CounterF64, Exporter, Family, Histogram, Info, Labels, MetricSet, NativeBuckets,
    Registry, Unknown,
};
use prometheus::{Encoder, ProtobufEncoder, TextEncoder};

use crate::engine_server::Server;
use crate::protobuf::schema::{MetricFamily, MetricType, decode};
use crate::until;

#[derive(Clone, Copy, Labels)]
struct ShopLabels<'a> {
    shop: &'a str,
}

/// What a plain registry cannot count by itself.
#[derive(MetricSet)]
struct Everything {
    /// Seconds, in exponential buckets only.
    #[metric(unit = "seconds", native = NativeBuckets::new().without_classic())]
    wait_duration_seconds: Family<ShopLabels<'static>, Histogram>,
    /// Seconds, in both kinds of buckets.
    #[metric(unit = "seconds", buckets = [0.1, 1.0], native)]
    serve_duration_seconds: Histogram,
    /// Seconds, in classic buckets only.
    #[metric(unit = "seconds", buckets = [0.1, 1.0])]
    pay_duration_seconds: Histogram,
    /// Nothing observed.
    #[metric(unit = "seconds", native)]
    idle_duration_seconds: Histogram,
    /// Orders.
    orders_total: Family<ShopLabels<'static>, Counter>,
    /// Energy.
    #[metric(unit = "joules")]
    energy_joules_total: CounterF64,
    /// What it is.
    shop_info: Family<ShopLabels<'static>, Info>,
    /// Something.
    legacy: Unknown,
}

fn filled() -> Registry {
    let registry = Registry::builder()
        .constant_label("zone", "a\\b\"")
        .build()
        .unwrap();
    let all = registry.register::<Everything>().unwrap();
    let labels = ShopLabels { shop: "north\n" };
    for value in [-3.0, 0.0, 0.02, 0.021, 0.5, 700.0] {
        all.wait_duration_seconds.with(labels).observe(value);
    }
    for value in [0.05, 0.5, 5.0] {
        let exemplar: &[(&str, &str)] = &[("trace_id", "0af7651916cd43dd8448eb211c80319c")];
        all.serve_duration_seconds
            .observe_with_exemplar(value, exemplar);
        all.pay_duration_seconds
            .observe_with_exemplar(value, exemplar);
    }
    all.orders_total
        .with(labels)
        .inc_with_exemplar(&[("order", "17")]);
    all.energy_joules_total.add(1.5);
    all.shop_info.with(labels);
    all.legacy.set(2.5);
    registry
}

/// A registry of the `prometheus` crate that shows `registry`.
fn theirs(registry: &Registry) -> prometheus::Registry {
    let theirs = prometheus::Registry::new();
    theirs
        .register(Box::new(registry.prometheus_collector()))
        .unwrap();
    theirs
}

/// What the `prometheus` crate writes, byte by byte.
fn encoded(theirs: &prometheus::Registry) -> Vec<u8> {
    let mut bytes = Vec::new();
    ProtobufEncoder::new()
        .encode(&theirs.gather(), &mut bytes)
        .unwrap();
    bytes
}

/// Without the library's own families, and as the `prometheus` crate has to say it: nothing is untyped there.
fn comparable(mut families: Vec<MetricFamily>) -> Vec<MetricFamily> {
    families.retain(|family| !family.name.as_deref().unwrap().starts_with("omtx_"));
    for family in &mut families {
        if family.r#type == Some(MetricType::Untyped as i32) {
            family.r#type = Some(MetricType::Gauge as i32);
            for metric in &mut family.metric {
                metric.gauge = metric.untyped.take();
            }
        }
    }
    families
}

#[test]
fn their_encoder_writes_what_ours_writes() {
    let registry = filled();
    let all = registry.register::<Everything>().unwrap();
    let labels = ShopLabels { shop: "north\n" };
    all.wait_duration_seconds.with(labels).observe(f64::NAN);
    let ours = comparable(decode(&registry.to_protobuf()));
    let through_theirs = comparable(decode(&encoded(&theirs(&registry))));
    // Not by `==`: a NaN is no other.
    assert_eq!(format!("{through_theirs:#?}"), format!("{ours:#?}"));

    // And that is what it is meant to be.
    let histogram = |name: &str| {
        let found = through_theirs
            .iter()
            .find(|family| family.name.as_deref() == Some(name));
        found.unwrap().metric[0].histogram.clone().unwrap()
    };
    let native = histogram("wait_duration_seconds");
    assert_eq!((native.schema, native.sample_count), (Some(3), Some(7)));
    assert_eq!((native.zero_count, native.bucket.len()), (Some(1), 0));
    assert_eq!(native.negative_delta, [1]);
    assert!(native.created_timestamp.is_some());
    let both = histogram("serve_duration_seconds");
    assert_eq!((both.bucket.len(), both.exemplars.len()), (3, 3));
    assert!(!both.positive_delta.is_empty());
    let classic = histogram("pay_duration_seconds");
    assert_eq!(classic.schema, None);
    assert!(
        classic
            .bucket
            .iter()
            .all(|bucket| bucket.exemplar.is_some())
    );
    let idle = histogram("idle_duration_seconds");
    assert_eq!(idle.positive_span.len(), 1); // of length 0: native, but empty
}

#[test]
fn their_text_encoder_writes_what_it_knows() {
    let registry = filled();
    let mut families = theirs(&registry).gather();
    families.retain(|family| !family.name().starts_with("omtx_"));
    let text = TextEncoder::new().encode_to_string(&families).unwrap();
    let read = Exposition::parse(&text).unwrap();
    let mut ours = registry.to_text();
    ours = ours.replace("# TYPE legacy untyped", "# TYPE legacy gauge");
    assert_same(&Exposition::parse(&ours).unwrap(), &read);
}

/// Where the `prometheus` crate's own registry is what is scraped.
const CONFIG: &str = "\
scrape_configs:
  - job_name: shop
    scrape_interval: 1s
    metrics_path: /theirs
    static_configs:
      - targets: [\"TARGET\"]
";

#[test]
fn an_unmodified_prometheus_stores_native_buckets_and_exemplars_that_came_through_their_registry() {
    let registry = filled();
    let theirs = theirs(&registry);
    let routes = Router::new().route(
        "/theirs",
        get(async move || {
            (
                [("content-type", prometheus::PROTOBUF_FORMAT)],
                encoded(&theirs),
            )
        }),
    );
    let listener = Listener::builder(&Exporter::new(&registry))
        .routes(routes)
        .listen("127.0.0.1:0")
        .unwrap();
    let config = CONFIG.replace("TARGET", &listener.local_addr().to_string());
    let Some(prometheus) = Server::start(
        "prometheus",
        "prometheus-stock",
        &[("prometheus.yml", config)],
        &[
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--enable-feature=native-histograms,exemplar-storage",
        ],
    ) else {
        return;
    };
    let ask = |path: &str, query: &str| {
        let url = format!("http://{}/api/v1/{path}", prometheus.address);
        let mut answer = ureq::get(&url).query("query", query);
        if path == "query_exemplars" {
            answer = answer.query("start", "0").query("end", "9999999999");
        }
        let answer = answer.call();
        answer.map_or_else(
            |error| error.to_string(), // it may not be ready yet
            |mut answer| answer.body_mut().read_to_string().unwrap(),
        )
    };
    let mut said = String::new();
    let mut wait = |path: &str, query: &str, expected: &str| {
        until(&format!("{expected} in answer to {query}"), || {
            said = ask(path, query);
            said.contains(expected)
        });
    };
    // A quantile without classic buckets: 5 lies in a bucket of schema 3 around it.
    let count = "histogram_count(serve_duration_seconds)";
    wait("query", count, "\"3\"]");
    wait(
        "query",
        "histogram_sum(serve_duration_seconds)",
        "\"5.55\"]",
    );
    let quantile = "histogram_quantile(1, serve_duration_seconds) > 4 and histogram_quantile(1, serve_duration_seconds) < 6";
    wait("query", quantile, "\"job\":\"shop\"");
    wait(
        "query_exemplars",
        "pay_duration_seconds_bucket",
        "0af7651916cd43dd8448eb211c80319c",
    );
}
