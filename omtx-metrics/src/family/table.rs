//! Where a family keeps its series: lookups without a lock, additions behind one.
//!
//! Series are never removed, and tables that were outgrown are kept until the family goes (all of them together are
//! smaller than the current one): a reader may follow any pointer that it has seen, for as long as it borrows the family.
#![allow(unsafe_code)]

use std::sync::{Arc, PoisonError};

use super::Series;
use crate::sync::{AtomicPtr, AtomicUsize, Mutex, MutexGuard, Ordering};

pub(super) struct Table<M> {
    /// By combination of closed labels, for families without open ones.
    direct: Box<[AtomicPtr<Series<M>>]>,
    /// By hash, for the others; null until the first series.
    hashed: AtomicPtr<Slots<M>>,
    len: AtomicUsize,
    /// Owns what the pointers point at.
    owner: Mutex<Owner<M>>,
}

/// An open-addressing table with linear probing, at most three quarters full.
struct Slots<M> {
    slots: Box<[AtomicPtr<Series<M>>]>,
}

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

    /// The series of this combination of closed labels.
    #[inline]
    pub(super) fn at(&self, closed: usize) -> Option<&Series<M>> {
        let series = self.direct[closed].load(Ordering::Acquire);
        // SAFETY: a slot is null or points at a series that `owner` keeps until `self` is dropped; `insert` published
        // it with Release.
        unsafe { series.as_ref() }
    }

    /// The series of this hash that `is_match` accepts.
    #[inline]
    pub(super) fn find(
        &self,
        hash: u32,
        is_match: impl Fn(&Series<M>) -> bool,
    ) -> Option<&Series<M>> {
        // SAFETY: null, or a table that `owner` keeps until `self` is dropped, published with Release.
        let table = unsafe { self.hashed.load(Ordering::Acquire).as_ref()? };
        let mask = table.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            // SAFETY: as in `at`. A null ends the search: a quarter of the slots are null.
            let series = unsafe { table.slots[at & mask].load(Ordering::Acquire).as_ref()? };
            if series.hash == hash && is_match(series) {
                return Some(series);
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
        find: impl Fn() -> Option<&'a Series<M>>,
        make: impl FnOnce() -> Series<M>,
    ) -> Option<&'a Series<M>> {
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
        // SAFETY: `owner.series` keeps it until `self` is dropped.
        Some(unsafe { &*pointer })
    }

    fn insert_hashed(&self, owner: &mut Owner<M>, hash: u32, pointer: *mut Series<M>) {
        // SAFETY: as in `find`.
        let table = unsafe { self.hashed.load(Ordering::Acquire).as_ref() };
        match table {
            Some(table) if owner.series.len() * 4 <= table.slots.len() * 3 => {
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

    /// A reference of one's own to a series of this table.
    pub(super) fn share(&self, series: &Series<M>) -> Arc<Series<M>> {
        let pointer: *const Series<M> = series;
        // SAFETY: every series that this table hands out lives in an `Arc` that `owner` holds, and `pointer` came from
        // `Arc::as_ptr` of it.
        unsafe {
            Arc::increment_strong_count(pointer);
            Arc::from_raw(pointer)
        }
    }

    /// Appends the series that `seen` lacks, given that it has the first ones in some order; true if there were any.
    pub(super) fn copy_new(&self, seen: &mut Vec<Arc<Series<M>>>) -> bool {
        if seen.len() == self.len() {
            return false;
        }
        let owner = self.owner();
        let new = &owner.series[seen.len()..];
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
