//! How the crate behaves from the outside.

mod answers;
#[cfg(feature = "axum")]
mod axum_routes;
mod budget;
mod drain;
#[cfg(feature = "grpc")]
mod grpc;
mod liveness;
#[cfg(feature = "metrics")]
mod metrics;
mod registration;
mod runner;
#[cfg(all(feature = "axum", feature = "serve"))]
mod server;
mod staleness;
mod startup;
mod support;
mod transitions;
