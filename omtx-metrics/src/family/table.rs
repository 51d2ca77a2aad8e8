//! Where a family keeps its series: lookups without a lock, additions behind one.
//!
//! Series are never removed, and tables that were outgrown are kept until the family goes (all of them together are
//! smaller than the current one): a reader may follow any pointer that it has seen, for as long as it borrows the family.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::{Arc, PoisonError};

use super::Series;
use crate::sync::{AtomicPtr, AtomicUsize, Mutex, MutexGuard, Ordering};

/// Finds series, and owns them.
pub(super) struct Table<M> {
    /// By combination of closed labels, for families without open ones.
    direct: Box<[AtomicPtr<Series<M>>]>,
    /// By hash, for the others; null until the first series.
    hashed: AtomicPtr<Slots<M>>,
    len: AtomicUsize,
    /// Owns what the pointers point at.
    owner: Mutex<Owner<M>>,
}

/// An open-addressing table with linear probing, at most half full: a lookup then meets 1.5 series at most on average, where
/// three quarters would make it 2.5 (measured: 1 ns of 11).
struct Slots<M> {
    slots: Box<[AtomicPtr<Series<M>>]>,
}

/// A series of a [`Table`].
///
/// A pointer instead of a reference: what comes from a reference to the series must not be used to reach the reference
/// counts beside it, which [`share`](Self::share) needs.
pub(crate) struct Found<'a, M> {
    /// From `Arc::as_ptr`; the table's owner has the `Arc`.
    series: NonNull<Series<M>>,
    table: PhantomData<&'a Table<M>>,
}

impl<'a, M> Found<'a, M> {
    /// The series, for as long as the table is borrowed.
    #[inline]
    pub(crate) fn get(&self) -> &'a Series<M> {
        // SAFETY: the table keeps the series until it is dropped, and is borrowed for `'a`.
        unsafe { self.series.as_ref() }
    }

    /// A reference of one's own.
    pub(crate) fn share(&self) -> Arc<Series<M>> {
        let series = self.series.as_ptr();
        // SAFETY: the pointer comes from `Arc::as_ptr`, and the table keeps that `Arc` while `'a` lasts.
        unsafe {
            Arc::increment_strong_count(series);
            Arc::from_raw(series)
        }
    }
}

impl<M> Clone for Found<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Found<'_, M> {}

struct Owner<M> {
    series: Vec<Arc<Series<M>>>,
    tables: Vec<*mut Slots<M>>,
}

// SAFETY: the pointers in `Owner` are boxes that only `Drop` frees; all else is Send and Sync where `Series<M>` is.
unsafe impl<M: Send + Sync> Send for Table<M> {}
// SAFETY: as above; mutation goes through atomics and the mutex.
unsafe impl<M: Send + Sync> Sync for Table<M> {}

/// Slots of the first table. A model outgrows it at once.
const FIRST_SLOTS: usize = if cfg!(loom) { 2 } else { 8 };

fn empty_slots<M>(count: usize) -> Box<[AtomicPtr<Series<M>>]> {
    (0..count)
        .map(|_| AtomicPtr::new(std::ptr::null_mut()))
        .collect()
}

impl<M> Table<M> {
    /// `direct` is the number of combinations of closed labels if there are no open ones, else 0.
    pub(super) fn new(direct: usize) -> Self {
        Self {
            direct: empty_slots(direct),
            hashed: AtomicPtr::new(std::ptr::null_mut()),
            len: AtomicUsize::new(0),
            owner: Mutex::new(Owner {
                series: Vec::new(),
                tables: Vec::new(),
            }),
        }
    }

    /// Series that are there; all of them can be found from now on.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// The series behind a pointer that this table published.
    #[inline]
    fn found(&self, series: *mut Series<M>) -> Option<Found<'_, M>> {
        Some(Found {
            series: NonNull::new(series)?,
            table: PhantomData,
        })
    }

    /// The series of this combination of closed labels.
    #[inline]
    pub(super) fn at(&self, closed: usize) -> Option<Found<'_, M>> {
        // Acquire: `insert` published the series with Release.
        self.found(self.direct[closed].load(Ordering::Acquire))
    }

    /// The series of this hash that `is_match` accepts.
    #[inline]
    pub(super) fn find(
        &self,
        hash: u32,
        is_match: impl Fn(&Series<M>) -> bool,
    ) -> Option<Found<'_, M>> {
        // SAFETY: null, or a table that `owner` keeps until `self` is dropped, published with Release.
        let table = unsafe { self.hashed.load(Ordering::Acquire).as_ref()? };
        let mask = table.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            // A null ends the search: at least half of the slots are null.
            let found = self.found(table.slots[at & mask].load(Ordering::Acquire))?;
            let series = found.get();
            if series.hash == hash && is_match(series) {
                return Some(found);
            }
            at += 1;
        }
    }

    /// The series that `find` finds by now, or the one that `make` makes; `None` if there are `limit` others.
    pub(super) fn insert<'a>(
        &'a self,
        closed: usize,
        hash: u32,
        limit: usize,
        find: impl Fn() -> Option<Found<'a, M>>,
        make: impl FnOnce() -> Series<M>,
    ) -> Option<Found<'a, M>> {
        let mut owner = self.owner();
        if let Some(series) = find() {
            return Some(series); // another thread was faster
        }
        if owner.series.len() >= limit {
            return None;
        }
        let series = Arc::new(make());
        let pointer = Arc::as_ptr(&series).cast_mut();
        owner.series.push(series);
        if self.direct.is_empty() {
            self.insert_hashed(&mut owner, hash, pointer);
        } else {
            self.direct[closed].store(pointer, Ordering::Release);
        }
        self.len.store(owner.series.len(), Ordering::Release);
        self.found(pointer)
    }

    fn insert_hashed(&self, owner: &mut Owner<M>, hash: u32, pointer: *mut Series<M>) {
        // SAFETY: as in `find`.
        let table = unsafe { self.hashed.load(Ordering::Acquire).as_ref() };
        match table {
            Some(table) if owner.series.len() * 2 <= table.slots.len() => {
                table.place(hash, pointer)
            }
            _ => {
                let count = table.map_or(FIRST_SLOTS, |table| table.slots.len() * 2);
                let larger = Slots {
                    slots: empty_slots(count),
                };
                for series in &owner.series {
                    larger.place(series.hash, Arc::as_ptr(series).cast_mut());
                }
                let larger = Box::into_raw(Box::new(larger));
                owner.tables.push(larger);
                self.hashed.store(larger, Ordering::Release);
            }
        }
    }

    /// As [`lock`](crate::lock::lock), for a mutex that a model can see.
    fn owner(&self) -> MutexGuard<'_, Owner<M>> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends the series that `seen` lacks, given that it has the first ones in some order; true if there were any.
    pub(super) fn copy_new(&self, seen: &mut Vec<Arc<Series<M>>>) -> bool {
        if seen.len() == self.len() {
            return false;
        }
        let owner = self.owner();
        let new = &owner.series[seen.len()..];
        // Exactly: a family stops growing, and what is over would stay.
        seen.reserve_exact(new.len());
        seen.extend(new.iter().map(Arc::clone));
        !new.is_empty()
    }
}

impl<M> Slots<M> {
    /// Puts a series that is not in the table into the first free slot. Only one thread at a time does this.
    fn place(&self, hash: u32, pointer: *mut Series<M>) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while !self.slots[at & mask].load(Ordering::Relaxed).is_null() {
            at += 1;
        }
        self.slots[at & mask].store(pointer, Ordering::Release);
    }
}

impl<M> Drop for Table<M> {
    fn drop(&mut self) {
        for table in self.owner().tables.drain(..) {
            // SAFETY: made by `Box::into_raw` in `insert_hashed`, dropped once, and `&mut self` means no readers.
            drop(unsafe { Box::from_raw(table) });
        }
    }
}
