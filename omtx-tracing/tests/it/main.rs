//! What the crate promises, one subject a module.

mod builder;
#[cfg(feature = "client")]
mod client;
mod context;
mod from_env;
#[cfg(feature = "tracing")]
mod layer;
mod propagation;
mod receiver;
mod resource;
#[cfg(feature = "axum")]
mod server;
mod spans;
mod told;
