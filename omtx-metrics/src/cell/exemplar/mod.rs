//! Exemplars: single observations that lead from a bucket to a trace.
//!
//! ```text
//! labels.rs    what an exemplar says: a trace, or pairs of the caller's
//! store.rs     the exemplars of one cell; recorders never wait for it
//! dropped.rs   what was refused
//! reading.rs   what an encoder is given
//! ```

mod dropped;
mod labels;
mod reading;
mod store;

pub(crate) use dropped::{DropReason, dropped};
pub use labels::{ExemplarLabels, MAX_EXEMPLAR_CHARS};
pub(crate) use reading::{Exemplar, ExemplarBuffer, Exemplars};
pub(super) use store::Store;
