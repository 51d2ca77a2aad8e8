//! How the crate behaves from the outside.
#![allow(clippy::print_stderr)] // a skipped engine says so

mod answers;
#[cfg(feature = "axum")]
mod axum_routes;
mod budget;
mod checks;
mod drain;
#[cfg(feature = "grpc")]
mod grpc;
mod liveness;
mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod registration;
mod runner;
#[cfg(all(feature = "axum", feature = "serve"))]
mod server;
mod staleness;
mod startup;
mod support;
mod testing;
mod transitions;
