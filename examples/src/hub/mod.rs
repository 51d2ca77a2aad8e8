//! `hub`: a job service for sequence analysis, and the tour of everything that the `omtx` crates do.
//!
//! A client posts FASTA to `/api/v1/jobs`, gets a job's id, and reads the job's state and result there, or is called
//! back by webhook. The work is real: k-mer spectra, GC content with open reading frames, and local alignments run on a
//! bounded queue with as many workers as there are cores.
//!
//! | file | what it holds |
//! |---|---|
//! | [`config`] | settings and their variables |
//! | [`server`] | start, serve, drain, stop |
//! | [`api`] | routes and handlers; [`problem`] their errors |
//! | [`jobs`] | queue, workers, store; [`compute`] what they compute, [`fasta`] on what |
//! | [`auth`], [`webhook`] | logins; callbacks |
//! | [`metrics`], [`clients`], [`logging`], [`telemetry`], `health` | what is observed |
//! | [`demo`], [`client`] | the service's own traffic, good and bad |

pub mod api;
pub mod auth;
pub mod client;
pub mod clients;
pub mod compute;
pub mod config;
pub mod demo;
pub mod fasta;
mod health;
pub mod jobs;
pub mod logging;
pub mod metrics;
pub mod problem;
pub mod server;
pub mod telemetry;
pub mod webhook;

pub use config::{Config, ConfigError};
pub use server::Hub;
