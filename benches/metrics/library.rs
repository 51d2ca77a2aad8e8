//! What each contender does for every row.

use crate::workload::Set;
use omtx_benches::{Run, Threads};

/// A metrics library.
pub(crate) trait Library {
    fn name(&self) -> &'static str;

    /// Increments one counter that is held.
    fn held_counter(&self, threads: Threads) -> Run;

    /// Observes into one histogram that is held.
    fn held_histogram(&self, threads: Threads) -> Run;

    /// Finds a counter by three labels of closed sets, and increments it.
    fn closed_lookup(&self, threads: Threads) -> Run;

    /// The same, but the route is a string that is not known in advance.
    fn open_lookup(&self, threads: Threads) -> Run;

    /// A registry in which each of these sets has a counter and a histogram.
    fn registry(&self, sets: &[Set]) -> Box<dyn Scrape>;
}

/// A registry that holds some label sets, ready to be scraped.
pub(crate) trait Scrape: Send {
    /// Scrapes into a buffer that it keeps, and shows the text.
    fn scrape(&mut self) -> &[u8];

    /// Gives the buffer back.
    fn drop_text(&mut self);
}
