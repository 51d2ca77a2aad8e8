//! Does every log line know its request and its job?

#![allow(dead_code)] // until the layer uses the seams

mod builder;
mod core;
mod counters;
mod error;
mod limit;
mod record;
mod redact;
mod severity;
mod sink;
pub mod testing;
pub mod writer;

pub use builder::{Logging, LoggingBuilder};
pub use counters::{Counters, DropReason, Stats};
pub use error::Error;
pub use limit::RateLimit;
pub use redact::{Redact, Redaction};
pub use severity::Severity;
pub use sink::{Flushed, Sink};
