//! Does every log line know its request and its job?

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod context;
#[allow(dead_code)] // `write` and `write_now` are for the panic hook and the `log` bridge
mod core;
mod counters;
mod encode;
mod error;
mod job_log;
#[cfg(feature = "serde")]
mod json;
mod layer;
mod level;
#[allow(dead_code)] // what is pending is for the flush at the end
mod limit;
mod logging;
mod macros;
mod profile;
#[allow(dead_code)] // for the panic hook and the `log` bridge
mod record;
mod redact;
mod severity;
mod sink;
pub mod testing;
pub mod writer;

pub use builder::{DEFAULT_MAX_LINE_LEN, DEFAULT_MAX_VALUE_LEN, LoggingBuilder, MIN_LINE_LEN};
pub use context::{JobContext, JobContextBuilder, RequestContext, RequestContextBuilder};
#[cfg(feature = "tokio")]
pub use context::{spawn, spawn_blocking};
pub use counters::{Counters, DropReason, Stats};
pub use encode::timestamp::Precision;
pub use error::Error;
pub use job_log::{DEFAULT_JOB_OPERATION, JobLog};
#[cfg(feature = "serde")]
pub use json::{Json, json};
pub use level::{LevelHandle, Levels};
pub use limit::RateLimit;
pub use logging::Logging;
#[doc(hidden)]
pub use macros::CRITICAL;
pub use omtx_context::{InScope, Scope, ScopeBuilder, ScopeGuard, WithScope, keys};
pub use profile::Profile;
pub use redact::{Redact, Redaction};
pub use severity::Severity;
pub use sink::{Flushed, Sink};

/// For the macros of this crate.
#[doc(hidden)]
pub mod __private {
    pub use tracing;
}
