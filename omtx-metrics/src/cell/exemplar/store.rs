//! The exemplars of one cell.
//!
//! A recorder that finds the lock taken goes on without leaving an exemplar: the next observation leaves one. Once a bucket
//! has an exemplar it is not replaced until a scrape has shown it. Prometheus keeps one for each bucket and scrape, so that
//! a replacement in between would be work for nothing; and a service under load pays one load and a branch for an exemplar
//! that it does not leave.

use std::sync::PoisonError;

use super::labels::{ExemplarLabels, Kept};
use super::reading::ExemplarBuffer;
use crate::cell::chain::Chain;
use crate::sync::{AtomicU64, Mutex, Ordering};
use crate::time::Timestamp;

/// Exemplars of a cell; takes no memory until the first is left.
#[derive(Debug)]
pub(crate) struct Store(Chain<Exemplars>);

#[derive(Debug)]
struct Exemplars {
    /// The places that have an exemplar which no scrape has shown yet, one bit each; those beyond 64 share bits.
    fresh: AtomicU64,
    stored: Mutex<Vec<Stored>>,
}

#[derive(Debug)]
struct Stored {
    place: usize,
    value: f64,
    at: Timestamp,
    labels: Kept,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self(Chain::new())
    }

    /// Leaves `value` as the exemplar of `place`, of which `most` are kept. Never waits.
    #[inline]
    pub(crate) fn offer<'a>(
        &self,
        place: usize,
        most: usize,
        value: f64,
        labels: impl Into<ExemplarLabels<'a>>,
    ) {
        let bit = 1 << (place % 64);
        let exemplars = self.0.current();
        if exemplars.is_none_or(|exemplars| exemplars.fresh.load(Ordering::Relaxed) & bit == 0) {
            self.leave(place, most, value, labels.into());
        }
    }

    #[cold]
    fn leave(&self, place: usize, most: usize, value: f64, labels: ExemplarLabels<'_>) {
        let Some(labels) = labels.keep() else {
            return;
        };
        let exemplars = self.0.current();
        let exemplars = exemplars.unwrap_or_else(|| self.0.follow(None, Exemplars::new));
        let Ok(mut stored) = exemplars.stored.try_lock() else {
            return;
        };
        let bit = 1 << (place % 64);
        if exemplars.fresh.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            return; // another thread was faster
        }
        let new = Stored {
            place,
            value,
            at: Timestamp::now(),
            labels,
        };
        let known = stored.iter().position(|stored| stored.place == place);
        let oldest = || (0..stored.len()).min_by_key(|&index| stored[index].at);
        match known.or_else(|| oldest().filter(|_| stored.len() >= most)) {
            Some(index) => stored[index] = new,
            None => stored.push(new),
        }
    }

    /// Copies all exemplars; each place may then have a new one. `bucket_of` says which bucket a place is in.
    pub(crate) fn read(&self, bucket_of: impl Fn(usize) -> usize, buffer: &mut ExemplarBuffer) {
        let Some(exemplars) = self.0.current() else {
            return;
        };
        let stored = exemplars.stored.lock();
        let stored = stored.unwrap_or_else(PoisonError::into_inner);
        exemplars.fresh.store(0, Ordering::Relaxed);
        for Stored {
            place,
            value,
            at,
            labels,
        } in stored.iter()
        {
            buffer.push(bucket_of(*place), *value, *at, |text| labels.write(text));
        }
    }

    /// Forgets all exemplars.
    pub(crate) fn clear(&self) {
        if let Some(exemplars) = self.0.current() {
            let stored = exemplars.stored.lock();
            stored.unwrap_or_else(PoisonError::into_inner).clear();
            exemplars.fresh.store(0, Ordering::Relaxed);
        }
    }
}

impl Exemplars {
    fn new() -> Self {
        Self {
            fresh: AtomicU64::new(0),
            stored: Mutex::new(Vec::new()),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn read(store: &Store) -> Vec<(usize, f64, String)> {
        let mut buffer = ExemplarBuffer::default();
        store.read(|place| place, &mut buffer);
        let read = buffer.read().iter();
        read.map(|exemplar| (exemplar.bucket, exemplar.value, exemplar.labels.to_owned()))
            .collect()
    }

    fn offer(store: &Store, place: usize, value: f64) {
        store.offer(place, 3, value, &[("n", &*value.to_string())]);
    }

    fn seen(place: usize, value: f64) -> (usize, f64, String) {
        (place, value, format!("n=\"{value}\""))
    }

    #[test]
    fn the_first_exemplar_since_a_scrape_stays_until_the_next() {
        let store = Store::new();
        assert_eq!(read(&store), []);
        offer(&store, 1, 0.5);
        offer(&store, 1, 0.6);
        offer(&store, 0, 0.1);
        assert_eq!(read(&store), [seen(0, 0.1), seen(1, 0.5)]);
        assert_eq!(read(&store), [seen(0, 0.1), seen(1, 0.5)]);
        offer(&store, 1, 0.7);
        offer(&store, 1, 0.8);
        assert_eq!(read(&store), [seen(0, 0.1), seen(1, 0.7)]);
    }

    #[test]
    fn beyond_the_most_that_are_kept_the_oldest_goes() {
        let store = Store::new();
        for place in 0..5 {
            crate::time::at(Timestamp::from_millis(place as u64), || {
                offer(&store, place, 0.5);
            });
        }
        assert_eq!(read(&store), [2, 3, 4].map(|place| seen(place, 0.5)));
    }

    #[test]
    fn a_recorder_does_not_wait_for_a_scrape() {
        let store = Store::new();
        offer(&store, 0, 0.5);
        let exemplars = store.0.current().unwrap();
        let scrape = exemplars.stored.lock().unwrap();
        offer(&store, 1, 1.5); // would block for ever
        drop(scrape);
        assert_eq!(read(&store), [seen(0, 0.5)]);
        offer(&store, 1, 1.5);
        assert_eq!(read(&store), [seen(0, 0.5), seen(1, 1.5)]);
    }
}
