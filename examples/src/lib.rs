//! Runnable services. `hub` is the one to start with: `cargo run --example hub`.

pub mod hub;

/// The README's examples, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
