//! What the crate promises, tested through its public API.
#![allow(clippy::print_stderr, clippy::print_stdout)] // a skipped engine says so

mod cap;
#[cfg(feature = "serde")]
mod catalogue;
mod cells;
mod collectors;
mod concurrency;
mod engine;
#[cfg(feature = "push")]
mod engine_server;
mod exemplars;
mod expiry;
mod expositions;
mod formats;
mod hostile_labels;
mod hygiene;
#[cfg(feature = "prometheus")]
mod interop;
mod jobs;
mod kinds;
#[cfg(feature = "listener")]
mod listener;
mod native;
#[cfg(feature = "axum")]
mod negotiation;
mod openmetrics;
mod openmetrics_parser;
mod oracle;
mod promtool;
mod protobuf;
#[cfg(feature = "push")]
mod push;
mod reading;
#[cfg(all(feature = "axum", feature = "http"))]
mod red;
mod registration;
#[cfg(feature = "axum")]
mod route;
mod snapshot;
mod startup_errors;
mod states;
#[cfg(all(
    feature = "listener",
    feature = "prometheus-protobuf",
    feature = "push"
))]
mod stock_consumers;
#[cfg(all(feature = "system", target_os = "linux"))]
mod system;
mod textfile;
mod visiting;

/// Waits until `condition` holds; for what tells nobody when it happens.
#[cfg(feature = "push")]
#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    use std::time::{Duration, Instant};

    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
