//! The hub, started in this process on a free port and driven over the network.

mod accounts;
mod demo;
mod harness;
mod jobs;
mod metrics;
mod refusals;
mod shutdown;
mod webhooks;
