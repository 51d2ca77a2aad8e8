//! What is known, and how it gets from the runner to the readers.
//!
//! The runner writes a [`Record`] per check behind the lock of the [`Board`], which then renders a [`Snapshot`] and swaps it
//! in. Readers load the snapshot without a lock. A snapshot knows until when it holds: the reader who comes later takes the
//! lock once and has it rendered anew, so that a result goes stale without anybody's help.

mod board;
mod record;
mod snapshot;

pub(crate) use board::{Board, Found, overall};
pub(crate) use record::Record;
pub(crate) use snapshot::{Readiness, Snapshot};
