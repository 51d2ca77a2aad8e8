//! Can this service take traffic, and what stands in its way?
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
#[cfg(feature = "axum")]
mod axum;
mod builder;
mod check;
pub mod checks;
mod drain;
mod error;
mod failure;
#[cfg(feature = "grpc")]
mod grpc;
mod health;
mod lock;
mod meter;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tower")]
mod probes;
mod render;
mod report;
mod runner;
#[cfg(feature = "serve")]
mod serve;
mod shape;
mod spec;
mod state;
mod status;
#[cfg(test)]
mod testing;
mod transition;
mod verdict;
mod watchdog;

pub use answer::{Answer, Endpoint};
pub use builder::Builder;
pub use check::{Check, CheckResult};
pub use drain::{
    DEFAULT_DRAIN_DELAY, DEFAULT_SHUTDOWN_DEADLINE, Drain, DrainOptions, DrainReport, FLUSH_GRACE,
    Flush, FlushOutcome,
};
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use drain::{DrainBody, DrainFuture, DrainLayer, DrainService};
pub use error::Error;
pub use failure::Failure;
#[cfg(feature = "grpc")]
#[cfg_attr(docsrs, doc(cfg(feature = "grpc")))]
pub use grpc::GrpcHealth;
pub use health::{Health, MAX_CHECKS};
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub use metrics::{CheckLabels, HealthMetrics, State, TransitionLabels, UpLabels};
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use probes::Probes;
pub use report::{CheckReport, Report};
#[cfg(feature = "serve")]
#[cfg_attr(docsrs, doc(cfg(feature = "serve")))]
pub use serve::{DEFAULT_HEAD_TIMEOUT, PeerAddr, Server};
pub use shape::Shape;
pub use spec::{DEFAULT_INTERVAL, DEFAULT_TIMEOUT, Spec};
pub use status::Status;
pub use transition::{DEFAULT_HISTORY, Transition};
pub use verdict::Verdict;
pub use watchdog::{DEFAULT_HEARTBEAT_LIMIT, Watchdog};
