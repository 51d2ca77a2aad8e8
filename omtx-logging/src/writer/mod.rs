//! Where lines go.

mod attached;
mod batch;
mod descriptor;
mod direct;
mod fork;
mod queue;

use std::sync::Arc;

pub use batch::Batch;
pub use direct::Direct;
pub use queue::{
    DEFAULT_EXIT_DEADLINE, DEFAULT_LINGER, DEFAULT_MAX_BYTES, DEFAULT_MAX_LINES, FlushGuard, Queue,
    QueueOptions,
};

use crate::Sink;

/// What a builder that was given no sink writes to.
pub(crate) fn default_sink() -> Arc<dyn Sink> {
    Arc::new(Direct::stdout())
}
