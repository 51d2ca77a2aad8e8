//! What lines belong to: the request and the job.

mod job;
mod request;
#[cfg(feature = "tokio")]
mod spawn;

pub use job::{JobContext, JobContextBuilder};
pub use request::{RequestContext, RequestContextBuilder};
#[cfg(feature = "tokio")]
pub use spawn::{spawn, spawn_blocking};
