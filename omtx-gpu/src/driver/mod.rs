//! Everything that calls NVML, and how its answers are judged.

mod device;
mod fault;
mod field;
mod raw;
mod session;
mod watch;

pub(crate) use fault::Fault;
pub(crate) use session::{Session, open};
pub(crate) use watch::Watch;
