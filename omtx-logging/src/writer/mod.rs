//! Where lines go, and what may become of them on the way.
//!
//! A [`Sink`] takes finished lines. [`Direct`] writes each to a file descriptor, on the thread that logs; it is
//! what a builder that was told nothing does, on standard output. A service puts a [`Queue`] in front, so that a reader that
//! stops cannot stop the service:
//!
//! ```
//! use omtx_logging::Logging;
//! use omtx_logging::writer::{Direct, Queue};
//!
//! # fn main() -> Result<(), omtx_logging::Error> {
//! let logging = Logging::builder("omtx-hub-api")
//!     .sink(Queue::new(Direct::stdout())?)
//!     .build()?;
//! # drop(logging);
//! # Ok(())
//! # }
//! ```
//!
//! With the features of these names there are also a `RotatingFile` (`file`), a `Journald` (`journald`) and a `Syslog`
//! (`syslog`); a sink of your own is a closure, or an implementation of the trait.
//!
//! # What happens when …
//!
//! | | [`Direct`] | [`Queue`] in front |
//! |---|---|---|
//! | the reader is slow | the thread that logs waits (or, set not to block, loses the line: `would_block`) | nobody waits; lines gather in memory |
//! | the reader stops | every thread that logs waits | when the queue is full INFO and below are lost, then WARNING and above: `queue_full` |
//! | the reader is gone (`EPIPE`) | lines are lost: `closed` | the same |
//! | the disk is full | lines are lost until there is room: `disk_full` | the same |
//! | only a part of a line was taken | its rest goes before the next line | the same |
//! | threads log at the same time | lines stay whole | lines stay whole, and in order |
//! | other processes write to the same pipe | lines up to 4096 bytes stay whole | the same |
//! | a destination of your own panics | the line is lost: `write_error` | the line is lost: `panicked` |
//! | a thread panics, with a [`PanicHook`](crate::PanicHook) | the line is written before the unwind | the same, with all that was queued, within [`DEFAULT_PANIC_DEADLINE`](crate::DEFAULT_PANIC_DEADLINE) |
//! | `main` returns, `std::process::exit` | nothing is lost | what is queued is written within [`DEFAULT_EXIT_DEADLINE`]; the rest is lost: `shutdown` |
//! | SIGTERM, and the service handles it | nothing is lost | as when `main` returns |
//! | SIGTERM without a handler, SIGKILL, `abort`, `_exit`, power | nothing is lost that was logged | what is queued is lost: of a fast reader, the lines of the last [`DEFAULT_LINGER`] |
//! | the process forks | the child writes its own lines | the child writes its own lines straight to the destination, and none of its parent's |
//!
//! On platforms other than Unix nothing runs at `exit`, and forks do not exist: hold a
//! [`shutdown_guard`](crate::Logging::shutdown_guard) in `main`.
//!
//! Every line that is lost is counted by level and by the reason in the table: [`Stats::dropped`](crate::Stats::dropped), and
//! `omtx_log_lines_dropped_total` with the feature `metrics`. Nothing is ever said on standard error. What to alert on:
//!
//! ```text
//! sum by (level, reason) (rate(omtx_log_lines_dropped_total{reason!="rate_limited"}[5m])) > 0
//! ```

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
