//! The hub, started in this process on a free port and driven over the network.
#![allow(clippy::print_stderr)] // a skipped engine says so

mod accounts;
mod connections;
mod demo;
mod engine;
mod formats;
mod harness;
mod jobs;
mod metrics;
mod prometheus;
mod refusals;
mod shutdown;
mod webhooks;
