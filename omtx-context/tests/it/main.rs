//! One binary for the crate's integration tests.

mod guards;
mod jobs;
mod observers;
mod scopes;
mod tasks;
mod trace;
