#![doc = include_str!("../README.md")]

mod job;
mod limits;
mod losses;
mod scope;
#[doc(hidden)]
pub mod shield;
mod stack;
pub mod testing;
mod trace;

pub use job::{
    DEFAULT_REASON, Failure, FailureReason, JobEnd, JobHandle, JobInfo, JobObserver, JobSpec,
    JobStatus, Jobs, QueuedJob, Run, RunningJob, StageTime, stage,
};
pub use limits::{MAX_DEPTH, MAX_FIELDS, MAX_KEY_LEN, MAX_LABEL_LEN, MAX_VALUE_LEN};
pub use losses::Losses;
pub use scope::{
    EncoderId, InScope, Scope, ScopeBuilder, ScopeGuard, Text, Value, WithScope, keys,
};
pub use trace::{InTrace, SpanId, TraceContext, TraceFlags, TraceGuard, TraceId, WithTrace};
