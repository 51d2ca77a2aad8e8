//! The counts of one stripe: a chain of tables, each larger or coarser than the one before.

use super::NativeLayout;
use super::index::COARSEST;
use super::table::{Added, Bucket, Table};
use crate::cell::chain::Chain;

/// Counts by native bucket. Takes no memory until the first observation.
#[derive(Debug)]
pub(crate) struct Counts(Chain<Table>);

/// Buckets of the first table, and of the second: most series need no more. A model outgrows them at once.
const FIRST: [usize; 2] = if cfg!(loom) { [1, 2] } else { [12, 48] };

/// Beyond the limit on buckets, a table has room for the zero bucket and for what is no number.
const SPECIAL: usize = 2;

/// More buckets than the coarsest schema has, of both signs and with the special ones.
const COARSEST_BUCKETS: usize = 300;

impl Counts {
    pub(crate) fn new() -> Self {
        Self(Chain::new())
    }

    /// Counts one observation; false if another thread was counting in the same bucket.
    #[inline]
    pub(crate) fn add(&self, layout: &NativeLayout, value: f64) -> bool {
        let added = self.0.current().map_or(Added::No, |table| {
            table.add(Bucket::of(value, layout.zero_threshold, table.shift()))
        });
        match added {
            Added::Alone => true,
            Added::Beside => false,
            Added::No => self.add_new(layout, value),
        }
    }

    /// The same where the bucket has no count yet, or there is no table.
    #[cold]
    fn add_new(&self, layout: &NativeLayout, value: f64) -> bool {
        let mut table = self.0.current();
        loop {
            if let Some(table) = table {
                let bucket = Bucket::of(value, layout.zero_threshold, table.shift());
                match table.add_new(bucket) {
                    Added::Alone => return true,
                    Added::Beside => return false,
                    Added::No => {}
                }
            }
            table = Some(self.0.follow(table, || Self::next(layout, table)));
        }
    }

    /// What follows a table that has no room: a larger one, or a coarser one where there may be no larger.
    fn next(layout: &NativeLayout, full: Option<&Table>) -> Table {
        let most = layout.max_buckets + SPECIAL;
        let Some(full) = full else {
            return Table::new(layout.schema, FIRST[0].min(most));
        };
        let limit = full.limit as usize;
        if !full.is_full() {
            // It is only that a count has grown as large as it may.
            Table::new(full.schema, limit)
        } else if limit < most {
            let larger = FIRST.into_iter().find(|&larger| larger > limit);
            Table::new(full.schema, larger.unwrap_or(most).min(most))
        } else if full.schema > COARSEST {
            Table::new(full.schema - 1, limit)
        } else {
            // All buckets that there can be: a scrape keeps to the limit by widening the zero bucket.
            Table::new(full.schema, limit.max(COARSEST_BUCKETS))
        }
    }

    /// All observations.
    pub(crate) fn count(&self) -> u64 {
        self.tables()
            .flat_map(Table::iter)
            .fold(0, |sum, (_, count)| sum.wrapping_add(count))
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.0.iter()
    }

    /// Begins again with the first table. Those who count meanwhile may do so in any.
    pub(crate) fn rewind(&self) {
        self.0.rewind();
    }
}
