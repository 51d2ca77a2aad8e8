//! The service that is scraped.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use omtx_metrics::listener::Listener;
use omtx_metrics::{
    Counter, Exporter, Family, Histogram, Labels, MetricSet, Registry, ScrapeRequest, SetOptions,
};
use std::net::SocketAddr;

use crate::SCRAPES;
use crate::cores::{self, Cores};

/// A counter and a histogram of fifteen lines for each route: 10 005 series.
const ROUTES: usize = 667;

/// Observations of each histogram: one in each of its buckets.
const VALUES: [f64; 11] = [0.004, 0.009, 0.02, 0.04, 0.09, 0.2, 0.4, 0.9, 2.0, 4.0, 9.0];

/// Whose `/metrics` it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    /// A route of the service.
    Ours,
    /// At an address of its own, on a thread of its own.
    Listener,
    /// The bytes of one scrape of ours, from memory, in a handler that does nothing else.
    Floor,
    /// As its documentation's example: encoded in the handler.
    #[cfg(feature = "peers")]
    Prometheus,
}

impl Contender {
    pub(crate) const ALL: &[Self] = &[
        Self::Ours,
        Self::Listener,
        Self::Floor,
        #[cfg(feature = "peers")]
        Self::Prometheus,
    ];

    /// The column; `None` for those that have one already.
    pub(crate) fn peer(self) -> Option<&'static str> {
        match self {
            Self::Ours | Self::Listener | Self::Floor => None,
            #[cfg(feature = "peers")]
            Self::Prometheus => Some("prometheus in a handler, tower-http gzip"),
        }
    }
}

/// A service and its runtime.
pub(crate) struct Service {
    address: SocketAddr,
    listener: Option<Listener>,
    _runtime: tokio::runtime::Runtime,
}

impl Service {
    pub(crate) fn start(contender: Contender, cores: Cores) -> Self {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                cores::pin(cores.service());
                Self::start_here(contender, cores.workers())
            });
            thread.join().expect("a service")
        })
    }

    fn start_here(contender: Contender, workers: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_io()
            .build()
            .expect("a runtime");
        let socket = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = socket.local_addr().expect("a port");
        let mut app = Router::new().route("/api/v1/users", get(async || Json(["ada", "grace"])));
        let mut listener = None;
        let metrics = match contender {
            Contender::Ours => Some(registry().metrics_route()),
            Contender::Listener => {
                listener = Some(listen());
                None
            }
            Contender::Floor => Some(floor()),
            #[cfg(feature = "peers")]
            Contender::Prometheus => Some(prometheus()),
        };
        if let Some(metrics) = metrics {
            app = app.route("/metrics", metrics);
        }
        runtime.spawn(async move { axum::serve(socket, app).await });
        Self {
            address,
            listener,
            _runtime: runtime,
        }
    }

    /// Where the service's own requests go.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where `/metrics` is.
    pub(crate) fn scraped_at(&self) -> SocketAddr {
        let listener = self.listener.as_ref();
        listener.map_or(self.address, Listener::local_addr)
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

fn registry() -> Registry {
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
    registry
}

fn listen() -> Listener {
    Listener::builder(&Exporter::new(&registry()))
        .max_connections(SCRAPES)
        .listen("127.0.0.1:0")
        .expect("a port")
}

fn floor() -> MethodRouter {
    let exporter = Exporter::new(&registry());
    let scrape = |encoding| exporter.scrape_for(&ScrapeRequest::new().accept_encoding(encoding));
    let (plain, gzip) = (scrape("identity"), scrape("gzip"));
    let content_type = plain.content_type();
    let (plain, gzip) = (plain.into_body(), gzip.into_body());
    get(async move |headers: HeaderMap| {
        if headers.contains_key(ACCEPT_ENCODING) {
            let headers = [(CONTENT_TYPE, content_type), (CONTENT_ENCODING, "gzip")];
            (headers, gzip.clone()).into_response()
        } else {
            ([(CONTENT_TYPE, content_type)], plain.clone()).into_response()
        }
    })
}

#[cfg(feature = "peers")]
fn prometheus() -> MethodRouter {
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
