//! Both ways between this crate and the `prometheus` crate (0.14), with its feature `protobuf` on or off.
//!
//! **Theirs in ours.** What any code registers in a `prometheus::Registry`, the default one included, shows up in our
//! `/metrics`:
//!
//! ```
//! use omtx_metrics::Registry;
//! use prometheus::IntCounter;
//!
//! let theirs = prometheus::Registry::new();
//! let handled = IntCounter::new("messages_handled_total", "Messages handled.").unwrap();
//! theirs.register(Box::new(handled.clone())).unwrap();
//! handled.inc();
//!
//! let registry = Registry::new();
//! registry.register_prometheus("broker", theirs)?;
//! assert_eq!(registry.to_text(), "\
//! ## HELP messages_handled_total Messages handled.
//! ## TYPE messages_handled_total counter
//! messages_handled_total 1
//! ");
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! **Ours in theirs.** A `prometheus::Registry` that somebody else exposes shows our families with the same values:
//!
//! ```
//! use omtx_metrics::{Counter, Registry};
//!
//! let registry = Registry::new();
//! registry.family::<(), Counter>("restarts_total", "Restarts.").register()?.with(()).add(2);
//!
//! let theirs = prometheus::Registry::new();
//! theirs.register(Box::new(registry.prometheus_collector())).unwrap();
//! let text = prometheus::TextEncoder::new().encode_to_string(&theirs.gather()).unwrap();
//! assert!(text.ends_with("restarts_total 2\n"));
//! # Ok::<(), omtx_metrics::Error>(())
//! ```
//!
//! Both at once, with the same two registries, is fine: our rows do not come back to us. Where both have a family of the
//! same name, ours wins in our `/metrics`, and `omtx_collector_errors_total` counts the collision.
//!
//! With the feature `prometheus-protobuf`, what that crate's `ProtobufEncoder` writes has native histograms, exemplars,
//! created timestamps and units as well: they travel through its registry as fields that it does not know. A Prometheus that
//! scrapes it (2.40 or later, `--enable-feature=native-histograms,exemplar-storage`) stores them as if it had scraped ours.
//!
//! What the `prometheus` crate cannot say is said as it can: infos and state sets are gauges, and so are families of the
//! type `unknown`, since its text encoder panics at an `Untyped` row. The other way, its `Untyped` rows are shown as
//! `unknown`; only where another crate has switched `prometheus/protobuf` on, and `prometheus-protobuf` is off here, they
//! cannot be read, and are left out and counted.

mod from_prometheus;
mod gathering;
#[cfg(feature = "prometheus-protobuf")]
mod messages;
mod to_prometheus;
#[cfg(not(feature = "prometheus-protobuf"))]
mod tree;

pub use to_prometheus::PrometheusCollector;
