//! What a scrape reads, and where it puts it.

use super::exemplar::ExemplarBuffer;
use super::native::NativeReading;

/// What an encoder shows beyond the plain value: what it cannot show is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// Exponential buckets.
    pub(crate) native: bool,
    pub(crate) exemplars: bool,
    /// When each series began.
    pub(crate) created: bool,
}

/// Memory that is reused for every series of a scrape, and from scrape to scrape.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) values: Values,
    pub(crate) exemplars: ExemplarBuffer,
}

/// Where a histogram puts its buckets.
#[derive(Debug, Default)]
pub struct Values {
    pub(crate) buckets: Vec<u64>,
    pub(crate) native: NativeReading,
}
