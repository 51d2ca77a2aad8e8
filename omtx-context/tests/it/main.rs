//! One binary for the crate's integration tests.

mod guards;
mod jobs;
mod misbehaving_observers;
mod observers;
mod scopes;
mod tasks;
mod trace;
