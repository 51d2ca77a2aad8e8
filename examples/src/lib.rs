//! Runnable services. `hub` is the one to start with: `cargo run --example hub`.

pub mod hub;
