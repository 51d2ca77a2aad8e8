//! The life of one job, observed once for everybody: submitted, started, through its stages, to exactly one end.

mod active;
mod course;
mod handle;
mod info;
mod jobs;
mod observer;
mod queued;
mod reason;
mod run;
mod running;
mod spec;
mod status;

pub(crate) use active::Progress;

pub use handle::{JobHandle, stage};
pub use info::JobInfo;
pub use jobs::Jobs;
pub use observer::JobObserver;
pub use queued::QueuedJob;
pub use reason::{DEFAULT_REASON, Failure, FailureReason};
pub use run::Run;
pub use running::RunningJob;
pub use spec::JobSpec;
pub use status::{JobEnd, JobStatus, StageTime};
