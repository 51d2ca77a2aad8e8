//! From finished records to a collector: queues with bounds, one thread, and a count for every loss.
//!
//! ```text
//! push ──► Queue (bytes in blocks, bounds, counts) ──► Lane (a task of the exporter's thread) ──► Transport
//!            ▲ flush, shutdown, stats                    │ cuts a batch, sends it, waits, sends it again
//!         Exporter                                       └─► settles it: exported, or dropped for one reason
//! ```
//!
//! - [`Pipeline`] is what those hold who have records; [`Exporter`] is what stops.
//! - A signal has one [`queue`] and one [`lane`]; no lane waits for another.
//! - Everything that is counted but `created` changes under the lock of the signal's queue, so that the counts add up whenever
//!   they are read: `created = open + waiting + in flight + exported + Σ dropped`.
//! - **When the queue is full the newest records are dropped**: what waits is not pushed out by what comes.

mod backoff;
mod blocks;
mod ended;
mod exporter;
mod flushed;
mod fork;
mod hooks;
mod lane;
mod loss;
mod memory;
mod pipeline;
mod queue;
mod reason;
mod request;
mod scopes;
mod stats;
mod telemetry;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

pub(crate) use exporter::{Exporter, LaneSpec};
pub use flushed::Flushed;
pub(crate) use fork::Process;
pub(crate) use hooks::Occasion;
pub(crate) use loss::OnLoss;
pub use loss::{Loss, Lost};
pub(crate) use pipeline::Pipeline;
pub use reason::{DropReason, Dropped};
pub(crate) use scopes::ScopeId;
pub use stats::{Attempts, ExportError, SignalStats, Stats};

/// A point in time; a wait without end is a century.
fn later(from: Instant, by: Duration) -> Instant {
    from + by.min(Duration::from_secs(100 * 365 * 24 * 60 * 60))
}

/// True on the thread that exports, where nothing may be recorded that would be exported in turn.
pub(crate) fn on_exporter_thread() -> bool {
    exporter::ON_THREAD.get()
}
