#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod context;
mod core;
mod counters;
mod deadline;
mod encode;
mod error;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod job_log;
#[cfg(feature = "serde")]
mod json;
mod layer;
mod level;
mod limit;
#[cfg(feature = "log")]
mod log_bridge;
mod logging;
mod macros;
#[cfg(feature = "metrics")]
mod metrics;
mod panic_hook;
mod profile;
mod record;
mod records;
mod redact;
mod severity;
mod shutdown;
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
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub use metrics::{LogDropLabels, LogDropReason, LogLabels, LogLevel, LogMetrics};
pub use omtx_context::{InScope, Scope, ScopeBuilder, ScopeGuard, WithScope, keys};
pub use panic_hook::{DEFAULT_PANIC_DEADLINE, PanicHook};
pub use profile::Profile;
pub use records::{FieldValue, LogRecord, RecordSink};
pub use redact::{Redact, Redaction};
pub use severity::Severity;
pub use shutdown::ShutdownGuard;
pub use sink::{Flushed, Sink};

/// For the macros of this crate.
#[doc(hidden)]
pub mod __private {
    pub use tracing;
}
