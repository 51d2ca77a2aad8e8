//! Pushing to a [Pushgateway](https://github.com/prometheus/pushgateway): the metrics of a job that ends before anybody
//! could scrape it.
//!
//! ```no_run
//! use omtx_metrics::push::Pushgateway;
//! use omtx_metrics::{Gauge, Registry};
//!
//! # fn import() -> Result<f64, Box<dyn std::error::Error>> { Ok(1.0) }
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let registry = Registry::new();
//!     let rows = registry.family::<(), Gauge>("import_rows", "Rows of the last import.").register()?;
//!     let pushgateway = Pushgateway::builder("http://pushgateway:9091")
//!         .job("nightly_import")
//!         .on_error(|error| eprintln!("metrics: {error}"))
//!         .build(&registry)?;
//!     let _push = pushgateway.push_add_on_drop(); // at the end of main, also by `?` and by a panic
//!
//!     rows.with(()).set(import()?);
//!     Ok(())
//! }
//! ```
//!
//! What goes over the wire, in text format 0.0.4, or in protobuf if the registry has native histograms:
//!
//! ```text
//! POST /metrics/job/nightly_import HTTP/1.1
//! content-type: text/plain; version=0.0.4; charset=utf-8
//!
//! # HELP import_rows Rows of the last import.
//! # TYPE import_rows gauge
//! import_rows 48211
//! # HELP omtx_pushes_total Pushes to a Pushgateway, each with all of its attempts.
//! # TYPE omtx_pushes_total counter
//! omtx_pushes_total{outcome="success"} 0
//! omtx_pushes_total{outcome="failure"} 0
//! ```
//!
//! and what Prometheus then scrapes from the Pushgateway, with `honor_labels: true` in its job:
//!
//! ```text
//! import_rows{instance="",job="nightly_import"} 48211
//! push_time_seconds{instance="",job="nightly_import"} 1.7952606775137763e+09
//! ```
//!
//! # PUT, POST, DELETE
//!
//! Job and grouping labels are the *grouping key*: they name the group of metrics that a push writes.
//!
//! | method | HTTP | the group then has |
//! |---|---|---|
//! | [`push`](Pushgateway::push) | PUT | exactly what was pushed |
//! | [`push_add`](Pushgateway::push_add) | POST | what was pushed, and families of earlier pushes that this one has not |
//! | [`delete`](Pushgateway::delete) | DELETE | nothing |
//!
//! A time of the last success wants POST, and a family without a value until the job has succeeded: a run that fails then
//! leaves the time of the run before it standing, and `time() - import_last_success_timestamp_seconds > 86400` is true
//! when it should be.
//!
//! Do not push what can be scraped: a Pushgateway shows a group until it is deleted, whether the job still lives or not, and
//! has no `up`. A service without a web server has a listener of its own, with the feature `listener`.
//!
//! # What is pushed
//!
//! The families of the registry, the rows of its collectors, and the library's own families, so that what was lost is told
//! too. Timestamps of collectors' rows are left out, since the Pushgateway refuses them.
//!
//! No family may have a label of the grouping key (the Pushgateway would overwrite it): such a push is an error that names
//! both, and so is the [`build`](PushgatewayBuilder::build) if the families are there already.
//!
//! # When it fails
//!
//! | what | outcome |
//! |---|---|
//! | no connection, a timeout, a 5xx | tried again [`DEFAULT_RETRIES`] times, after 100 ms, 200 ms, 400 ms…, each shortened at random by up to a half, until [`DEFAULT_TIMEOUT`] is over |
//! | any other status than 200 and 202, redirects included | an error at once, with the status and the start of the body |
//! | a certificate that is not valid | an error at once |
//!
//! Every push is counted, in this process: `omtx_pushes_total{outcome="success"|"failure"}`. A push that nobody waits for
//! ([on drop](Pushgateway::push_on_drop), [periodic](Pushgateway::push_every)) hands its error to
//! [`on_error`](PushgatewayBuilder::on_error). No error and no `Debug` shows a password or a token.
//!
//! Proxies are taken from the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).

mod authorization;
mod backoff;
mod builder;
mod error;
mod future;
mod gateway;
mod grouping;
mod metrics;
mod on_drop;
mod periodic;
#[cfg(feature = "push-tls")]
mod tls;
mod url;

pub use builder::{DEFAULT_RETRIES, DEFAULT_TIMEOUT, PushgatewayBuilder};
pub use error::PushError;
pub use future::PushFuture;
pub use gateway::Pushgateway;
pub use on_drop::PushOnDrop;
pub use periodic::PeriodicPush;
