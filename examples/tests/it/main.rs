//! The hub, started on a free port and driven over the network: in this process, or as a process where signals, its log or its
//! threads matter.
#![allow(clippy::print_stderr)] // a skipped engine says so

mod accounts;
#[cfg(unix)]
mod balancer;
#[cfg(unix)]
mod collector;
mod connections;
mod demo;
mod engine;
mod formats;
#[cfg(unix)]
mod gpus;
mod harness;
mod jobs;
#[cfg(unix)]
mod log_lines;
mod metrics;
#[cfg(unix)]
mod otlp;
#[cfg(target_os = "linux")]
mod overload;
#[cfg(unix)]
mod process;
mod prometheus;
#[cfg(unix)]
#[path = "../../../omtx-tracing/tests/it/receiver.rs"]
mod receiver;
mod refusals;
mod shutdown;
#[cfg(unix)]
mod spans;
#[cfg(unix)]
mod stdout;
mod webhooks;
