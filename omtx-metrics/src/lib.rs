//! What is this service doing, in numbers that Prometheus can scrape?
//!
//! Declare what you count as a struct, register it, count. A missing, extra or misspelt label does not compile; counting
//! takes nanoseconds, never fails, never blocks and never grows without bound.
//!
//! # Quickstart
//!
//! ```
//! use omtx_metrics::{Counter, Family, Histogram, IntGauge, LabelValue, Labels, MetricSet, Registry};
//!
//! /// Why an upload was turned away.
//! #[derive(Clone, Copy, LabelValue)]
//! enum Reason {
//!     TooLarge,
//!     NotFasta,
//! }
//!
//! #[derive(Labels)]
//! struct RejectionLabels<'a> {
//!     reason: Reason,    // a closed set: finding the series is an array index
//!     client: &'a str,   // an open set: one hash, and a cap on how many there can be
//! }
//!
//! /// Uploads.
//! #[derive(MetricSet)]
//! struct UploadMetrics {
//!     /// Uploads turned away.
//!     uploads_rejected_total: Family<RejectionLabels<'static>, Counter>,
//!     /// Size of accepted uploads.
//!     #[metric(unit = "bytes", buckets = [1e3, 1e6, 1e9])]
//!     upload_size_bytes: Histogram,
//!     /// Uploads being received.
//!     uploads_active: IntGauge,
//! }
//!
//! let registry = Registry::builder().namespace("omtx_hub").build()?;
//! let uploads = registry.register::<UploadMetrics>()?;
//!
//! {
//!     let _active = IntGauge::in_flight(&uploads.uploads_active); // until dropped, also by a panic
//!     uploads.upload_size_bytes.observe(73_412.0);
//! }
//! let labels = RejectionLabels { reason: Reason::NotFasta, client: "cli" };
//! uploads.uploads_rejected_total.with(labels).inc();
//!
//! assert_eq!(registry.to_text(), "\
//! ## HELP omtx_hub_upload_size_bytes Size of accepted uploads.
//! ## TYPE omtx_hub_upload_size_bytes histogram
//! omtx_hub_upload_size_bytes_bucket{le=\"1000\"} 0
//! omtx_hub_upload_size_bytes_bucket{le=\"1e+06\"} 1
//! omtx_hub_upload_size_bytes_bucket{le=\"1e+09\"} 1
//! omtx_hub_upload_size_bytes_bucket{le=\"+Inf\"} 1
//! omtx_hub_upload_size_bytes_sum 73412
//! omtx_hub_upload_size_bytes_count 1
//! ## HELP omtx_hub_uploads_active Uploads being received.
//! ## TYPE omtx_hub_uploads_active gauge
//! omtx_hub_uploads_active 0
//! ## HELP omtx_hub_uploads_rejected_total Uploads turned away.
//! ## TYPE omtx_hub_uploads_rejected_total counter
//! omtx_hub_uploads_rejected_total{reason=\"not_fasta\",client=\"cli\"} 1
//! ");
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! An axum service exposes that, and has RED metrics for every route, with two more lines: see the [`http`] module
//! (features `http` and `axum`).
//!
//! # Where to go from here
//!
//! | you want | look at |
//! |---|---|
//! | to declare families, units, buckets, states | [`MetricSet`](trait@MetricSet), [`Labels`](trait@Labels), [`LabelValue`](trait@LabelValue) |
//! | `/metrics`, in text, OpenMetrics and protobuf | [`Registry::metrics_route`] (`axum`), [`Exporter`] for other servers |
//! | histograms without bounds to choose | [`NativeBuckets`], [`RegistryBuilder::native_histograms`] |
//! | to get from a bucket to a trace | [`ExemplarLabels`], `#[metric(exemplars)]` of [`MetricSet`](trait@MetricSet) |
//! | rate, errors, duration of HTTP requests | [`http`] (`http`) |
//! | jobs and queues | [`jobs`] |
//! | ready-made sets: logins, webhooks, storage, users, build info | [`sets`] |
//! | `/metrics` in a program without a web server | [`listener`] (`listener`) |
//! | metrics of a job that ends before it could be scraped | [`push`] (`push`) |
//! | metrics of a cron job, through node exporter | [`textfile`] |
//! | what the process, the machine and its control group use | [`system`] (`system`) |
//! | what a tokio runtime does | [`sets::TokioMetrics`] (`tokio`) |
//! | values that are only known by asking | [`Collector`], [`Snapshot`] |
//! | to live beside code that uses the `prometheus` crate | [`interop`] (`prometheus`) |
//! | to export over OTLP | `Telemetry::export_metrics` of `omtx-tracing` |
//! | to export to another system, or to read values in code | [`visit`] |
//! | to test what your code counts | [`testing`] |
//! | the list of all families, for dashboards and rules | [`Registry::catalog`], [`FamilyRef`] |
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds |
//! |---|---|
//! | `axum` | the `/metrics` route; includes `gzip` |
//! | `gzip` | scrapes compressed for those who ask for it, as Prometheus does; pure Rust |
//! | `http` | RED metrics through `omtx-http` |
//! | `listener` | `/metrics` in a program without a web server |
//! | `push` | pushing to a Pushgateway; `push-tls` adds `https://` |
//! | `prometheus` | the bridge to the `prometheus` crate; `prometheus-protobuf` builds that crate for protobuf |
//! | `system` | `process_*`, `system_*` and `cgroup_*`, read in the background |
//! | `tokio` | metrics of a tokio runtime |
//! | `serde` | the catalogue as JSON |
//! | `zstd` | scrapes compressed with zstd; builds a C library |
//!
//! # What happens when something goes wrong
//!
//! | what | outcome |
//! |---|---|
//! | a malformed name, label, bucket or namespace | does not compile; where it is known at start-up only, an [`Error`] that names value and expectation |
//! | two families of one name | an [`Error`] that names both owners |
//! | an open label takes ever new values | `max_series` of them are told apart, the rest share the series `overflow`; `omtx_series_dropped_total{family}` counts the lookups that went there |
//! | hostile label values | escaped, cut at 64 KiB, bounded in number |
//! | several threads on one counter | it splits into stripes by itself; no update is lost |
//! | a scrape while others write | every histogram's `+Inf` bucket equals its `_count`, and no counter goes back |
//! | a collector panics, blocks or lies | its own rows of that scrape are lost; `omtx_collector_errors_total{collector}` counts it |
//! | a malformed or hostile `Accept`, `Accept-Encoding` or query | answered with text 0.0.4, as if it were not there |
//! | a thousand scrapes at once | two encodings and two bodies, off the async workers |
//! | clients that read slowly, each another scrape | beyond 256 MiB of bodies, 503 with `Retry-After`; `omtx_scrapes_total{code="503"}` counts it |
//! | a push does not arrive | tried again, then returned as a [`PushError`](push::PushError); `omtx_pushes_total{outcome}` counts it |
//! | a textfile cannot be written | the old one stays; an [`Error`]; `omtx_textfile_writes_total{outcome}` counts it |
//! | NaN is observed | counted in the `+Inf` bucket, left out of the sum; a counter ignores it |
//!
//! This crate never logs.
//!
//! # Troubleshooting
//!
//! - *A family is missing from `/metrics`.* A labelled family has no rows until its labels were looked up once. Use
//!   `#[metric(zeroed)]` where the labels are closed, or look the labels up at start-up.
//! - *A series is called `overflow`.* An open label takes more values than `max_series`. Take the id out of the label; if
//!   the number is legitimate, raise `max_series` on the field.
//! - *`missing lifetime specifier` at a `Family<MyLabels, …>`.* Labels that borrow are declared for `'static` there, and
//!   looked up with whatever they borrow: write `Family<MyLabels<'static>, …>`.
//! - *`no method named metrics_route`.* The feature `axum` is off.
//! - *`Layer<Route>` is not implemented for `RedObserver`.* An observer is no layer yet: `omtx_http::axum_layer(observer)`.
//! - *`expected a name of its own`.* Two sets declare the same family. Register one of them under another name with
//!   [`SetOptions::rename`], or under a namespace.
//! - *`the trait bound … Declared is not satisfied`.* A field of a metric set is no metric: cells are [`Counter`],
//!   [`CounterF64`], [`Gauge`], [`IntGauge`], [`Histogram`], [`Info`], [`StateSet`], [`Unknown`], alone or in a
//!   [`Family`].
//! - *Prometheus shows no native histogram.* It asks for protobuf, which carries them, only with
//!   `--enable-feature=native-histograms` (2.40 and later) or `scrape_native_histograms` (3.x).
//! - *`le` is `1` in curl and `1.0` in Prometheus.* OpenMetrics, which Prometheus asks for, writes canonical numbers; curl
//!   gets text 0.0.4. Try `curl -H 'Accept: application/openmetrics-text'`.
//! - *`le` looks like `1e+06`.* That is how Prometheus' own libraries write it; queries compare it as a number in
//!   `histogram_quantile`, and as text in a selector.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod catalog;
mod cell;
mod collector;
mod desc;
mod encode;
mod error;
mod exporter;
mod family;
mod hook;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
#[cfg(feature = "prometheus")]
#[cfg_attr(docsrs, doc(cfg(feature = "prometheus")))]
pub mod interop;
pub mod jobs;
mod label;
#[cfg(feature = "listener")]
#[cfg_attr(docsrs, doc(cfg(feature = "listener")))]
pub mod listener;
mod lock;
mod name;
mod outcome;
mod periodic;
#[cfg(feature = "push")]
#[cfg_attr(docsrs, doc(cfg(feature = "push")))]
pub mod push;
mod registry;
mod sample;
mod set;
pub mod sets;
mod sync;
#[cfg(feature = "system")]
#[cfg_attr(docsrs, doc(cfg(feature = "system")))]
pub mod system;
pub mod testing;
pub mod textfile;
mod time;
pub mod visit;

pub use catalog::{Catalog, CatalogFamily, CatalogLabel};
pub use cell::{
    Counter, CounterF64, DEFAULT_NATIVE_FACTOR, DEFAULT_NATIVE_MAX_BUCKETS,
    DEFAULT_NATIVE_MIN_RESET_INTERVAL, DEFAULT_NATIVE_ZERO_THRESHOLD, ExemplarLabels, Gauge,
    Histogram, InFlight, Info, IntGauge, MAX_EXEMPLAR_CHARS, Metric, NativeBuckets, StateSet,
    Timer, Unknown, buckets,
};
pub use collector::{Collector, Row, Rows};
pub use desc::{FamilyDesc, FamilyRef, Kind, LabelDesc};
pub use error::Error;
pub use exporter::{
    DEFAULT_MAX_BYTES_IN_FLIGHT, Exporter, ExporterBuilder, Format, OPENMETRICS_CONTENT_TYPE,
    PROTOBUF_CONTENT_TYPE, Scrape, ScrapeRequest, TEXT_CONTENT_TYPE,
};
pub use family::{Family, Handle, SeriesRef, Snapshot, SnapshotRows};
pub use label::{LabelValue, Labels, MAX_VALUE_BYTES, OVERFLOW};
pub use omtx_macros::{LabelValue, Labels, MetricSet};
pub use registry::{
    DEFAULT_COLLECT_TIMEOUT, DEFAULT_MAX_SERIES, FamilyBuilder, Registry, RegistryBuilder,
};
pub use set::{MetricSet, SetOptions};

/// What the derive macros expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private;

#[cfg(all(doctest, feature = "listener", feature = "push"))]
#[doc = include_str!("../README.md")]
mod readme {}
