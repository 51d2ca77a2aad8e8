//! Where lines go.

mod attached;
mod batch;
mod descriptor;
mod direct;
#[cfg(feature = "file")]
mod file;
mod fork;
#[cfg(all(feature = "journald", target_os = "linux"))]
mod journald;
mod queue;
#[cfg(all(feature = "syslog", unix))]
mod syslog;

use std::sync::Arc;

pub use batch::Batch;
pub use direct::Direct;
#[cfg(feature = "file")]
#[cfg_attr(docsrs, doc(cfg(feature = "file")))]
pub use file::{DEFAULT_KEEP, Every, RotatingFile, RotatingFileOptions};
#[cfg(all(feature = "journald", target_os = "linux"))]
#[cfg_attr(docsrs, doc(cfg(feature = "journald")))]
pub use journald::{DEFAULT_JOURNALD_SOCKET, Journald};
pub use queue::{
    DEFAULT_EXIT_DEADLINE, DEFAULT_LINGER, DEFAULT_MAX_BYTES, DEFAULT_MAX_LINES, Queue,
    QueueOptions,
};
#[cfg(all(feature = "syslog", unix))]
#[cfg_attr(docsrs, doc(cfg(feature = "syslog")))]
pub use syslog::{Facility, Syslog, SyslogOptions};

use crate::Sink;

/// What a builder that was given no sink writes to.
pub(crate) fn default_sink() -> Arc<dyn Sink> {
    Arc::new(Direct::stdout())
}
