//! The service that is scraped.

use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use omtx_metrics::{Counter, Family, Histogram, Labels, MetricSet, Registry, SetOptions};
use std::net::SocketAddr;

/// A counter and a histogram of fifteen lines for each route: 10 005 series.
const ROUTES: usize = 667;

/// Observations of each histogram: one in each of its buckets.
const VALUES: [f64; 11] = [0.004, 0.009, 0.02, 0.04, 0.09, 0.2, 0.4, 0.9, 2.0, 4.0, 9.0];

/// Whose `/metrics` it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Contender {
    Ours,
    /// As its documentation's example: encoded in the handler.
    #[cfg(feature = "peers")]
    Prometheus,
}

impl Contender {
    /// Ours first.
    pub(crate) fn all() -> Vec<Self> {
        vec![
            Self::Ours,
            #[cfg(feature = "peers")]
            Self::Prometheus,
        ]
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            #[cfg(feature = "peers")]
            Self::Prometheus => "prometheus in a handler, tower-http gzip",
        }
    }

    fn route(self) -> MethodRouter {
        match self {
            Self::Ours => ours(),
            #[cfg(feature = "peers")]
            Self::Prometheus => prometheus(),
        }
    }
}

/// A service that runs on two workers.
pub(crate) struct Service {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Service {
    pub(crate) fn start(contender: Contender) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_io()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("a port");
        let app = Router::new()
            .route("/api/v1/users", get(async || Json(["ada", "grace"])))
            .route("/metrics", contender.route());
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            address,
            _runtime: runtime,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

#[derive(Labels)]
struct Route<'a> {
    method: &'a str,
    route: &'a str,
    status: &'a str,
}

/// Requests.
#[derive(MetricSet)]
struct Requests {
    /// Requests.
    http_requests_total: Family<Route<'static>, Counter>,
    /// How long they took.
    #[metric(buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])]
    http_request_duration_seconds: Family<Route<'static>, Histogram>,
}

fn routes() -> impl Iterator<Item = String> {
    (0..ROUTES).map(|number| format!("/api/v1/resources/{number:03}"))
}

fn ours() -> MethodRouter {
    let registry = Registry::new();
    let requests = registry
        .register_with::<Requests>(SetOptions::new().max_series(1_000))
        .expect("the set is sound");
    for route in routes() {
        let labels = || Route {
            method: "GET",
            route: &route,
            status: "200",
        };
        requests.http_requests_total.with(labels()).add(17);
        let durations = requests.http_request_duration_seconds.with(labels());
        for value in VALUES {
            durations.observe(value);
        }
    }
    registry.metrics_route()
}

#[cfg(feature = "peers")]
fn prometheus() -> MethodRouter {
    use axum::http::header::CONTENT_TYPE;
    use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, TEXT_FORMAT, TextEncoder};

    let labels = ["method", "route", "status"];
    let counters = IntCounterVec::new(Opts::new("http_requests_total", "Requests."), &labels);
    let opts = HistogramOpts::new("http_request_duration_seconds", "How long they took.");
    let durations = HistogramVec::new(opts, &labels);
    let (counters, durations) = (counters.expect("sound"), durations.expect("sound"));
    for route in routes() {
        let labels = ["GET", &route, "200"];
        counters.with_label_values(&labels).inc_by(17);
        let durations = durations.with_label_values(&labels);
        for value in VALUES {
            durations.observe(value);
        }
    }
    let registry = prometheus::Registry::new();
    registry.register(Box::new(counters)).expect("sound");
    registry.register(Box::new(durations)).expect("sound");
    get(async move || {
        let text = TextEncoder::new().encode_to_string(&registry.gather());
        ([(CONTENT_TYPE, TEXT_FORMAT)], text.expect("sound"))
    })
    .layer(tower_http::compression::CompressionLayer::new())
}
