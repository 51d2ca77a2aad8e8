//! Native histograms: exponential buckets that appear where observations fall.
//!
//! ```text
//! buckets.rs   what a user chooses: growth, limit, zero bucket
//! layout.rs    the same, as a histogram needs it
//! index.rs     from a value to its bucket, without a logarithm
//! table.rs     counts by bucket, in a hash table that is never rehashed
//! counts.rs    a chain of such tables, each larger or coarser than the one before
//! merge.rs     all tables as one histogram within the limit
//! ```
//!
//! An observation finds its bucket's count in the current table and adds to it: one atomic exchange, where classic buckets
//! have an atomic addition. When a table is full, another follows it; its counts stay where they are, and a scrape adds up
//! all tables at the coarsest resolution among them. So nothing is ever moved while others write, nothing can be lost or
//! counted twice, and no observation waits.
//!
//! A reset takes all counts out of the tables, and the first table is the current one again; see [`super::histogram`]. An
//! observation either is among what was taken or stays: a word has both the bucket and its count, so that nobody can count
//! in a slot that was emptied, or is another bucket's by now.

mod buckets;
mod counts;
mod index;
mod layout;
mod merge;
mod reading;
mod table;

pub use buckets::{
    DEFAULT_NATIVE_FACTOR, DEFAULT_NATIVE_MAX_BUCKETS, DEFAULT_NATIVE_MIN_RESET_INTERVAL,
    DEFAULT_NATIVE_ZERO_THRESHOLD, NativeBuckets,
};
pub(super) use counts::Counts;
pub(crate) use layout::NativeLayout;
pub(super) use merge::Merge;
pub(crate) use reading::NativeReading;

#[cfg(all(test, not(loom)))]
mod reset_tests;
#[cfg(all(test, not(loom)))]
mod tests;
