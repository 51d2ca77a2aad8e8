//! What the crate promises, one subject a module.

mod baggage;
mod builder;
#[cfg(feature = "client")]
mod client;
mod context;
#[cfg(all(feature = "grpc", feature = "http-protobuf"))]
mod export;
mod from_env;
mod jobs;
#[cfg(feature = "tracing")]
mod layer;
#[cfg(feature = "logs")]
mod logs;
mod messaging;
#[cfg(feature = "metrics")]
mod metrics;
mod propagation;
mod receiver;
mod resource;
#[cfg(feature = "axum")]
mod server;
mod spans;
mod telemetry;
mod told;
