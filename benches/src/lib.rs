//! How fast, and with how many allocations, beside whom?
//!
//! The harness of this workspace's benches. A [`Subject`] is a table: each [`Row`] one operation, each column one
//! contender. All contenders of a row run in one process, in rounds that take turns, so that whatever slows the machine
//! down slows all of them down; medians are compared, and targets are ratios wherever they can be.
//!
//! ```
//! use omtx_benches::{Plan, Subject, Target, Threads};
//! use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
//!
//! let plan = Plan::from_args(["--quick", "counter"]);
//! let mut subject = Subject::new("Counting", "ns", &plan);
//! if let Some(row) = subject.row("counter") {
//!     static CELL: AtomicU64 = AtomicU64::new(0);
//!     let ours = row.ours(Threads::One.run(|_| { CELL.fetch_add(1, Relaxed); }));
//!     ours.target(Target::AtMostAllocations(0.0)).measure(&mut subject);
//! }
//! assert!(subject.to_string().contains("| counter |"));
//! ```
//!
//! A row never fails: a table says `MISSES TARGET` in words, and what it says is for a reader to judge on a quiet machine.

pub mod alloc;
mod plan;
mod rounds;
mod row;
mod table;
mod target;
mod threads;

pub use plan::Plan;
pub use rounds::{Round, Run, Stats};
pub use row::Row;
pub use table::Subject;
pub use target::Target;
pub use threads::Threads;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;
