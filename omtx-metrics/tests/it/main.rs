//! What the crate promises, tested through its public API.
#![allow(clippy::print_stderr, clippy::print_stdout)] // a skipped engine says so

mod cap;
#[cfg(feature = "serde")]
mod catalogue;
mod collectors;
mod concurrency;
mod engine;
mod expositions;
mod hostile_labels;
mod kinds;
mod oracle;
mod promtool;
mod reading;
mod registration;
mod startup_errors;
