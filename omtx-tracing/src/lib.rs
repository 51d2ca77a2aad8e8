//! OTLP traces that cost nothing until they are wanted.
#![cfg_attr(docsrs, feature(doc_cfg))]
// Lifted when every module of the first release has landed.
#![allow(dead_code, unused_imports, unreachable_pub)]

mod config;
mod encode;
mod error;
mod export;
mod propagation;
mod resource;
mod sampler;
mod signal;
mod span;
mod transport;

pub use error::Error;
pub use signal::Signal;
