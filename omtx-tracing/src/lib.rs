//! Where did the time of this request go, across services and queues, and what does it cost to know?
//!
//! Spans over OTLP, with W3C propagation in and out. What is not sampled is decided before a span is built, and costs next to
//! nothing; its ids still reach log lines and the next service. What is sampled is encoded once, on the thread that records it, and
//! sent by one thread of the exporter's own. A collector that is slow, wrong or away costs spans, never requests, and every span
//! that is lost is counted.
//!
//! # Quickstart
//!
#![cfg_attr(
    all(feature = "axum", feature = "tracing", feature = "client"),
    doc = "```no_run"
)]
#![cfg_attr(
    not(all(feature = "axum", feature = "tracing", feature = "client")),
    doc = "```text"
)]
//! use axum::{Router, routing::get};
//! use omtx_health::{Drain, DrainOptions};
//! use omtx_tracing::Telemetry;
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use tracing_subscriber::layer::SubscriberExt;
//! use tracing_subscriber::util::SubscriberInitExt;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let telemetry = Telemetry::builder("omtx-hub-api")
//!         .version(env!("CARGO_PKG_VERSION"))
//!         .from_env()? // OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, …
//!         .install()?;
//!     tracing_subscriber::registry().with(telemetry.layer()).init(); // spans of `tracing`
//!     let drain = Drain::new(DrainOptions::default().from_env()?);
//!     drain.start_on_signals()?; // SIGTERM, Ctrl-C
//!
//!     let app = Router::new()
//!         .route("/jobs/{id}", get(async || "done"))
//!         .layer(omtx_http::axum_layer(telemetry.server_spans())); // spans of requests
//!     # let client = tower::service_fn(async |_: http::Request<String>| Ok::<_, std::io::Error>(http::Response::new(String::new())));
//!     // … and of calls. `client` is the tower service that makes them: hyper-util's, for one.
//!     let client = ServiceBuilder::new().layer(telemetry.client_layer()).service(client);
//!     # let _ = client;
//!
//!     let listener = tokio::net::TcpListener::bind("0.0.0.0:8000").await?;
//!     let server = axum::serve(listener, app).with_graceful_shutdown(drain.stopped_accepting());
//!     let _report = drain.finish(server).await; // until it is told to end, and what was in flight has ended
//!     println!("{}", telemetry.shutdown_async(Duration::from_secs(2)).await); // "nothing was lost", or what was
//!     Ok(())
//! }
//! ```
//!
//! with
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! tokio = { version = "1", features = ["macros", "net", "rt-multi-thread"] }
//! tower = "0.5"
//! tracing-subscriber = "0.3"
//! omtx-health = { git = "https://github.com/omtx/omtx" } # not on crates.io yet
//! omtx-http = { git = "https://github.com/omtx/omtx", features = ["axum"] }
//! omtx-tracing = { git = "https://github.com/omtx/omtx", features = ["axum", "client", "tracing"] }
//! ```
//!
//! Whichever way a service waits for its end, the shutdown comes after it: what ended in the last five seconds has not been sent
//! until then. `axum::serve` alone never returns, and a signal that nobody handles ends the process on the spot.
//!
//! Nothing is exported, and no thread started, until somebody says where to:
//!
//! ```sh
//! OTEL_TRACES_EXPORTER=console cargo run                            # to look at
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 cargo run       # to a collector
//! ```
//!
//! The console's line for `GET /jobs/7` from a caller with a trace, after [100 ms](DEFAULT_CONSOLE_BATCH_DELAY) at most:
//!
//! ```json
//! {"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"c167b81f9f30695f","parent_span_id":"b7ad6b7169203331","name":"GET /jobs/{id}","kind":"server","start":"2026-01-31T12:00:00.999802Z","duration_ms":0.133359,"attributes":{"http.request.method":"GET","url.scheme":"http","url.path":"/jobs/7","http.route":"/jobs/{id}","network.protocol.version":"1.1","server.address":"api.omtx.example","user_agent.original":"curl/8.5.0","http.response.status_code":200},"service":"omtx-hub-api","scope":"omtx_tracing::http"}
//! ```
//!
//! # Beside omtx-logging
//!
//! A process has one global subscriber of `tracing`. The `init` above sets it, for spans alone, and so does the `install` of
//! `omtx-logging`, for lines alone: the second of them fails. Where there are to be both, one subscriber takes both layers, in
//! either order:
//!
#![cfg_attr(feature = "tracing", doc = "```no_run")]
#![cfg_attr(not(feature = "tracing"), doc = "```text")]
//! use omtx_logging::Logging;
//! use omtx_tracing::Telemetry;
//! use tracing_subscriber::layer::SubscriberExt;
//! use tracing_subscriber::util::SubscriberInitExt;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let telemetry = Telemetry::builder("omtx-hub-api").from_env()?.install()?;
//! let logging = Logging::builder("omtx-hub-api").from_env()?.build()?; // `build`: nothing is installed yet
//! tracing_subscriber::registry()
//!     .with(telemetry.layer())
//!     .with(logging.layer())
//!     .init();
//! # Ok(())
//! # }
//! ```
//!
//! Where only requests, calls, messages and jobs are to be spans, [`layer`](Telemetry::layer) is not needed, and `install` of both
//! will do.
//!
//! # What is where
//!
//! | what | how | feature |
//! |---|---|---|
//! | spans of requests | [`Telemetry::server_spans`], an observer of `omtx-http`; see [`http`](crate::http) | `http`, `axum` |
//! | spans of calls | [`Telemetry::client_layer`], [`Telemetry::reqwest_middleware`]; see [`client`] | `client`, `reqwest` |
//! | spans of the `tracing` crate | [`Telemetry::layer`], [`Telemetry::layer_builder`] | `tracing` |
//! | spans by hand, or of instrumentation for `opentelemetry` | [`Telemetry::tracer_provider`], `opentelemetry::global` after [`install`](TelemetryBuilder::install) | |
//! | spans of an `opentelemetry_sdk` provider that is there already | [`Telemetry::span_processor`] | `sdk` |
//! | messages between services | [`Telemetry::messaging`]; see [`messaging`] | |
//! | jobs of `omtx-context` | [`Telemetry::job_spans`] | |
//! | the context of tasks and threads | [`context`]; headers: [`Telemetry::propagators`] | |
//! | metrics of an `omtx-metrics` registry | [`Telemetry::export_metrics`] | `metrics` |
//! | log records of `omtx-logging` | [`Telemetry::log_sink`]; see [`logs`] | `logs` |
//! | what was exported and lost | [`Telemetry::stats`]; as metrics [`Telemetry::register`], see [`metrics`] | `metrics` |
//! | spans in tests | [`testing::SpanRecorder`] | |
//!
//! The server's and clients' spans need no `tracing` subscriber. Inside a request that is not sampled the layer's spans are switched
//! off, too.
//!
//! # Correlation
//!
//! Whoever makes a context current through this crate (the server's observer, the layer, [`context`]) also tells
//! [`omtx_context`] its ids. `omtx-logging` writes them into each line, in the keys of its profile, and `omtx-metrics` attaches
//! them to buckets as exemplars if the trace is sampled. That holds for traces that are not recorded here, and in a disabled
//! telemetry.
//!
//! # When things go wrong
//!
//! | what happens | what follows | where it is seen |
//! |---|---|---|
//! | the collector is away, refuses, or its name does not resolve | the batch is sent again, after pauses that grow, for 30 s; then dropped, and the next one tried | `dropped{export_failed}`, [`SignalStats::last_error`] |
//! | it is overloaded, and says when to come again | that is when | `attempts.retryable` |
//! | it answers that it never will take the batch | dropped at once | `dropped{export_failed}` |
//! | it takes a part of the batch | what it refused is lost, the rest is exported; nothing is sent again | `dropped{rejected}` |
//! | it never answers, or the connection breaks after a request | sent again; if that fails, nobody knows | `dropped{unknown}` |
//! | more is recorded than it takes | the newest is dropped; what waits stays | `dropped{queue_full}`, `dropped{bytes}` |
//! | any of these for long | memory stays below [`Batching::memory_bound`] for each signal | `waiting_bytes`, `in_flight_bytes` |
//! | it comes back | the next batch is taken; nothing needs a restart | `last_success` |
//! | the process ends | everything is sent within the deadline of [`shutdown`](Telemetry::shutdown) | its [`Lost`], `dropped{shutdown}` |
//! | the process forks | the child has no exporter: what it records is dropped, and it waits for nobody; it can build a telemetry of its own | in the child, `dropped{shutdown}` |
//! | a request's `traceparent`, `tracestate` or B3 is malformed or too long | it is as if it had not been sent | [`Propagators::rejected`] |
//! | its `baggage` has malformed members, more than 64, or more than 8192 bytes | the valid members within these bounds are kept | the same |
//! | a value is longer than a limit | its beginning is kept | [`TracerProvider::values_truncated`] |
//! | an `OTEL_*` variable is malformed | it is as if it were not set | [`Telemetry::warnings`] |
//! | an `OMTX_*` variable is malformed | the service does not start | an [`Error`] with variable, value and what was expected |
//!
//! For each signal and at every moment: `created = open + waiting + in flight + exported + Σ dropped`. No thread of the service ever
//! waits for the exporter, unless it calls [`flush`](Telemetry::flush) or [`shutdown`](Telemetry::shutdown). See [`SignalStats`].
//!
//! # Environment
//!
//! Read by [`from_env`](TelemetryBuilder::from_env), over what was set in code before it. Empty is not set. Times are in
//! milliseconds. An `OTEL_…` value that is unknown or malformed is ignored with a [`Warning`], as the specification demands; a
//! [`strict`](TelemetryBuilder::strict) builder makes it an error, which a malformed `OMTX_…` value always is.
//!
//! | variable | default | |
//! |---|---|---|
//! | `OTEL_SDK_DISABLED` | `false` | `true` switches everything off but propagation |
//! | `OTEL_SERVICE_NAME` | the builder's | `service.name` |
//! | `OTEL_RESOURCE_ATTRIBUTES` | | `team=omics,service.namespace=omtx`, percent-encoded; one mistake discards all of it |
//! | `OMTX_ENVIRONMENT` | | `deployment.environment.name` |
//! | `OTEL_PROPAGATORS` | `tracecontext,baggage` | also `b3`, `b3multi`, `none` |
//! | `OTEL_TRACES_SAMPLER` | `parentbased_always_on` | `always_on`, `always_off`, `traceidratio`, each with `parentbased_` before it |
//! | `OTEL_TRACES_SAMPLER_ARG` | `1.0` | the ratio, from 0 to 1 |
//! | `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER` | `otlp` if an endpoint is set, else `none` | `otlp`, `console`, both with a comma, `none` |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | `http://localhost:4318`, if `otlp` is named | the collector; OTLP/HTTP appends `/v1/traces` |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/protobuf`; `grpc` if the port is 4317 | |
//! | `OTEL_EXPORTER_OTLP_HEADERS` | | `api-key=…,x-tenant=omtx`, percent-encoded; never shown |
//! | `OTEL_EXPORTER_OTLP_COMPRESSION` | `none` | `gzip` |
//! | `OTEL_EXPORTER_OTLP_TIMEOUT` | `10000` | of one attempt |
//! | `OTEL_EXPORTER_OTLP_INSECURE` | `false` | for gRPC to an endpoint without a scheme |
//! | `OTEL_EXPORTER_OTLP_CERTIFICATE` | the system's | PEM file of the authorities to trust |
//! | `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`, `OTEL_EXPORTER_OTLP_CLIENT_KEY` | | PEM files, both or none |
//! | `OTEL_EXPORTER_OTLP_TRACES_…`, `…_METRICS_…`, `…_LOGS_…` | that of all signals | each of these nine for one signal; an endpoint is then taken as it stands, with its path |
//! | `OTEL_BSP_MAX_QUEUE_SIZE`, `OTEL_BLRP_MAX_QUEUE_SIZE` | `2048` | spans, log records that may wait |
//! | `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE` | `512` | of one request |
//! | `OTEL_BSP_SCHEDULE_DELAY`, `OTEL_BLRP_SCHEDULE_DELAY` | `5000`, `1000`; `100` to the console | how long a record waits for others |
//! | `OTEL_BSP_EXPORT_TIMEOUT`, `OTEL_BLRP_EXPORT_TIMEOUT`, `OTEL_METRIC_EXPORT_TIMEOUT` | `30000` | all attempts of one batch |
//! | `OTEL_METRIC_EXPORT_INTERVAL` | `60000` | how often metrics are read and sent |
//! | `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` | `cumulative` | see [`Temporality`] |
//! | `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION` | `base2_exponential_bucket_histogram`, for those that have native buckets | see [`HistogramAggregation`] |
//! | `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, else `OTEL_ATTRIBUTE_COUNT_LIMIT` | `128` | |
//! | `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, else `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` | none | characters |
//! | `OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT`, else `OTEL_ATTRIBUTE_COUNT_LIMIT` | `128` | |
//! | `OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT`, else `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` | none | characters |
//! | `OTEL_SPAN_EVENT_COUNT_LIMIT`, `OTEL_SPAN_LINK_COUNT_LIMIT` | `128` | |
//! | `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`, `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT` | `128` | |
//! | `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS` | those of RFC 9110, `PATCH`, `QUERY` | `GET,POST,PURGE`: methods that spans of requests and calls name; the others are `_OTHER` |
//!
//! A collector on another machine is reached through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names, unless `NO_PROXY`
//! names the collector, whatever the builder was told. The proxy is asked for a tunnel (`CONNECT`).
//!
//! A timeout of 0 means no limit (internally one day). Files of settings (`OTEL_CONFIG_FILE`, `OTEL_EXPERIMENTAL_CONFIG_FILE`) are
//! not read, and give a warning. So does each of what the specification names and this crate does not have: the protocol
//! `http/json`, the propagators `jaeger`, `ottrace` and `xray`, the samplers `jaeger_remote`, `parentbased_jaeger_remote` and `xray`,
//! the exporters `zipkin` and `prometheus`. The server's spans have [a variable of their own](crate::http::ServerSpans::from_env).
//!
//! ## What the resource says by itself
//!
//! | attributes | from |
//! |---|---|
//! | `service.instance.id` | a random UUID |
//! | `telemetry.sdk.*` | this crate |
//! | `process.pid`, `process.executable.*` | the process; its arguments may hold secrets and are left out |
//! | `host.name`, `host.arch`, `host.id`, `os.*` | `/proc`, `/etc/os-release`, and outside of containers `/etc/machine-id` |
//! | `container.id` | the control group, or what Docker and Podman mount |
//! | `k8s.pod.uid`, `k8s.container.name` | what the kubelet mounts |
//! | `k8s.pod.name`, `k8s.namespace.name`, `k8s.node.name`, `k8s.pod.uid`, `k8s.container.name`, `k8s.deployment.name`, `k8s.cluster.name` | `K8S_POD_NAME`, `K8S_NAMESPACE_NAME` and so on; in a cluster also `POD_NAME`, `POD_NAMESPACE`, `NODE_NAME`, `POD_UID`, `CONTAINER_NAME`: what a manifest sets by the downward API |
//! | `cloud.provider`, `cloud.platform`, `faas.*`, `gcp.cloud_run.job.*` | `K_SERVICE`, `CLOUD_RUN_JOB`, `GAE_SERVICE` and their siblings; on Compute and Kubernetes Engine the firmware's name |
//! | `cloud.account.id` | on Google Cloud `GOOGLE_CLOUD_PROJECT` |
//!
//! Nobody is asked over the network. [`detect_resource(false)`](TelemetryBuilder::detect_resource) leaves all but the first two out.
//! What is set in code or by `OTEL_RESOURCE_ATTRIBUTES` counts over it.
//!
//! # Where to
//!
//! Jaeger takes OTLP itself, and shows it on port 16686:
//!
//! ```sh
//! docker run --rm -p 16686:16686 -p 4317:4317 -p 4318:4318 jaegertracing/jaeger:2.6.0
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 cargo run
//! ```
//!
//! It takes traces only: where metrics or log records are handed over, too, `OTEL_METRICS_EXPORTER=none` and
//! `OTEL_LOGS_EXPORTER=none` leave them out.
//!
//! Tempo takes OTLP, too, once its receiver listens on more than itself (`distributor.receivers.otlp.protocols.http.endpoint:
//! 0.0.0.0:4318`). A collector takes all three signals and passes them on:
//!
//! ```yaml
//! receivers:
//!   otlp:
//!     protocols:
//!       grpc: { endpoint: 0.0.0.0:4317 }
//!       http: { endpoint: 0.0.0.0:4318 }
//! processors:
//!   batch: {}
//! exporters:
//!   otlp/tempo: { endpoint: tempo:4317, tls: { insecure: true } }
//!   otlphttp/prometheus: { endpoint: http://prometheus:9090/api/v1/otlp }
//!   otlphttp/loki: { endpoint: http://loki:3100/otlp }
//! service:
//!   pipelines:
//!     traces: { receivers: [otlp], processors: [batch], exporters: [otlp/tempo] }
//!     metrics: { receivers: [otlp], processors: [batch], exporters: [otlphttp/prometheus] }
//!     logs: { receivers: [otlp], processors: [batch], exporters: [otlphttp/loki] }
//! ```
//!
//! (Prometheus takes them with `--web.enable-otlp-receiver`.)
//!
//! A vendor's endpoint wants TLS and a key (feature `tls`):
//!
//! ```sh
//! OTEL_EXPORTER_OTLP_ENDPOINT=https://otlp.example.com
//! OTEL_EXPORTER_OTLP_HEADERS=api-key=abc%3D%3D
//! ```
//!
//! Cloud Trace wants a token that changes every hour, which a collector beside the service brings along (the `googlecloud` exporter; on
//! Compute Engine the Ops Agent with its OTLP receiver, on Cloud Run a sidecar). The service sends to `http://localhost:4318`, and
//! `GOOGLE_CLOUD_PROJECT` makes the trace names of `omtx-logging`'s `gcp` profile those of the traces.
//!
//! # Sampling
//!
//! By default the caller decides, and what begins here is recorded. One in a hundred of what begins here:
//!
//! ```sh
//! OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.01
//! ```
//!
//! The decision hangs on the trace id alone, so that services with the same ratio agree. It is made before attributes are read:
//! a [custom](Sampler::custom) sampler sees name, kind and parent of a server's span, not its attributes.
//!
//! # Troubleshooting
//!
//! - *Nothing arrives.* Is [`exports(Signal::Traces)`](Telemetry::exports) true? If not, no endpoint is set, or an exporter is `none`, or
//!   `OTEL_SDK_DISABLED=true`, or the endpoint's variable is in [`warnings`](Telemetry::warnings). If it is,
//!   [`stats`](Telemetry::stats) has the last error in words.
//! - *`created` stays 0.* Nobody samples: the caller's `traceparent` ends in `-00`, or the sampler says no.
//! - *The last spans are missing.* The process ended without [`shutdown`](Telemetry::shutdown), or with a span still open: a span is exported
//!   when it ends. A signal that is not handled and `std::process::exit` run no destructors.
//! - *HTTP 404 from the collector.* An endpoint for one signal needs its path, `/v1/traces`; that for all signals has it appended.
//! - *The connection is closed at once, or an answer is no HTTP.* The port belongs to the other protocol: 4317 is gRPC, 4318 is HTTP.
//! - *`https://` is an error at start.* The feature `tls` is not on.
//! - *A process that forks.* The child has no exporter; what it records is counted as lost. Build the telemetry after the fork.
//! - *Memory.* [`Batching::memory_bound`] is what a signal takes at most, whatever the collector does.
//!
//! # Features
//!
//! `grpc` and `http-protobuf` are on by default; `tls`, `gzip`, `http`, `axum`, `client`, `reqwest`, `tracing`, `metrics`, `logs`, `sdk`
//! are not, and add what the table above says.
#![cfg_attr(docsrs, feature(doc_cfg))]
// What some features use together is dead where none of them is on; a build with all of them tells what really is.
#![cfg_attr(
    not(all(
        feature = "client",
        feature = "grpc",
        feature = "gzip",
        feature = "http",
        feature = "http-protobuf",
        feature = "logs",
        feature = "metrics",
        feature = "reqwest",
        feature = "sdk",
        feature = "tls",
        feature = "tracing"
    )),
    allow(dead_code, unused_imports)
)]

mod active;
pub mod baggage;
mod builder;
#[cfg(any(feature = "client", feature = "reqwest"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "client", feature = "reqwest"))))]
pub mod client;
mod config;
pub mod context;
mod encode;
mod error;
mod error_type;
mod export;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod jobs;
#[cfg(feature = "tracing")]
mod layer;
#[cfg(feature = "logs")]
#[cfg_attr(docsrs, doc(cfg(feature = "logs")))]
pub mod logs;
pub mod messaging;
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub mod metrics;
mod propagation;
#[cfg(feature = "metrics")]
mod registry;
mod resource;
mod sampler;
#[cfg(feature = "sdk")]
mod sdk;
mod semconv;
mod signal;
mod span;
mod telemetry;
pub mod testing;
mod transport;

pub use builder::TelemetryBuilder;
pub use config::{
    Batching, DEFAULT_BATCH_DELAY, DEFAULT_CONSOLE_BATCH_DELAY, DEFAULT_EXPORT_TIMEOUT,
    DEFAULT_LOG_BATCH_DELAY, DEFAULT_MAX_BATCH_BYTES, DEFAULT_MAX_BATCH_RECORDS,
    DEFAULT_MAX_QUEUE_BYTES, DEFAULT_MAX_QUEUE_RECORDS, DEFAULT_METRICS_BATCH_DELAY,
    DEFAULT_METRICS_INTERVAL, DEFAULT_METRICS_MAX_BATCH_RECORDS, DEFAULT_METRICS_MAX_QUEUE_BYTES,
    DEFAULT_METRICS_MAX_QUEUE_RECORDS, DEFAULT_TIMEOUT, Exporter, HistogramAggregation, LogLimits,
    Otlp, Protocol, Temporality, Warning,
};
pub use error::Error;
pub use error_type::{ErrorType, TypeName};
pub use export::{
    Attempts, DropReason, Dropped, ExportError, Flushed, Loss, Lost, SignalStats, Stats,
};
pub use jobs::{JobSpan, JobSpans};
#[cfg(feature = "tracing")]
pub use layer::LayerBuilder;
pub use propagation::{Extracted, Propagator, Propagators, RejectedHeaders};
pub use resource::Resource;
pub use sampler::{ParentBased, Sampler, SamplingRequest, ShouldSample};
#[cfg(feature = "sdk")]
pub use sdk::SpanProcessor;
#[cfg(any(feature = "client", feature = "http", feature = "reqwest"))]
pub use semconv::DEFAULT_REDACTED;
pub use signal::Signal;
pub use span::{Span, SpanLimits, Tracer, TracerProvider};
pub use telemetry::Telemetry;

/// The API that this crate implements, and whose types are in its signatures: attributes, contexts, spans.
#[doc(no_inline)]
pub use opentelemetry;

/// The README's example compiles.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
struct Readme;
