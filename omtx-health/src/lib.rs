//! Can this service take traffic, and what stands in its way?
#![cfg_attr(docsrs, feature(doc_cfg))]
#![allow(dead_code)] // until the runner is here

mod check;
pub mod checks;
mod error;
mod failure;
mod spec;
mod status;
mod verdict;

pub use check::{Check, CheckResult};
pub use error::Error;
pub use failure::Failure;
pub use spec::{DEFAULT_INTERVAL, DEFAULT_TIMEOUT, Spec};
pub use status::Status;
pub use verdict::Verdict;
