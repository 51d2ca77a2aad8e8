//! The collector against a driver that does what a test tells it to.
#![allow(clippy::print_stderr)] // a skipped engine says so

mod events;
#[cfg(feature = "health")]
mod health;
mod jobs;
mod lab;
mod mig;
mod promtool;
mod readings;
mod scrapes;
mod states;
mod stuck;
