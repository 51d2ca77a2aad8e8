//! Where a family keeps its series: lookups without a lock, additions behind one.
//!
//! Tables that were outgrown are kept until the family goes (all of them together are smaller than the current one): a
//! reader may follow any pointer that it has seen, for as long as it borrows the family.
//!
//! Where series can expire, readers are [pinned](super::pins). Then a table without the idle series replaces the current one;
//! once nobody is left who could have seen those, they are freed, and all older tables with them. Where somebody is, or
//! holds a handle, or has updated a series after all, it is put back.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::sync::{Arc, PoisonError};

use super::Series;
use super::pins::{Pin, Pins};
use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Mutex, MutexGuard, Ordering};

/// Finds series, and owns them.
pub(super) struct Table<M> {
    /// By combination of closed labels, for families without open ones. These never expire.
    direct: Box<[AtomicPtr<Series<M>>]>,
    /// By hash, for the others; null until the first series.
    hashed: AtomicPtr<Slots<M>>,
    pins: Pins,
    len: AtomicUsize,
    /// True while series are out of the table that may be put back.
    removing: AtomicBool,
    /// Owns what the pointers point at.
    owner: Mutex<Owner<M>>,
}

/// An open-addressing table with linear probing, at most half full: a lookup then meets 1.5 series at most on average, where
/// three quarters would make it 2.5 (measured: 1 ns of 11).
struct Slots<M> {
    slots: Box<[AtomicPtr<Series<M>>]>,
}

/// A series of a [`Table`], and what keeps it there.
///
/// A pointer instead of a reference: what comes from a reference to the series must not be used to reach the reference
/// counts beside it, which [`share`](Self::share) needs.
pub(crate) struct Found<'a, M> {
    /// From `Arc::as_ptr`; the table's owner has the `Arc`, at least until the pin is gone.
    series: NonNull<Series<M>>,
    _pin: Pin<'a>,
}

impl<M> Found<'_, M> {
    /// The series.
    #[inline]
    pub(crate) fn get(&self) -> &Series<M> {
        // SAFETY: the table is borrowed for longer than `self`, and frees no series that was found under a pin before the
        // pin is gone, or none at all.
        unsafe { self.series.as_ref() }
    }

    /// A reference of one's own.
    pub(crate) fn share(&self) -> Arc<Series<M>> {
        let series = self.series.as_ptr();
        // SAFETY: the pointer comes from `Arc::as_ptr`, and the table keeps that `Arc` as it keeps the series.
        unsafe {
            Arc::increment_strong_count(series);
            Arc::from_raw(series)
        }
    }
}

// SAFETY: a `Found` is a shared reference to a series, and a count that any thread may lower.
unsafe impl<M: Send + Sync> Send for Found<'_, M> {}
// SAFETY: as above.
unsafe impl<M: Send + Sync> Sync for Found<'_, M> {}

struct Owner<M> {
    series: Vec<Arc<Series<M>>>,
    tables: Vec<*mut Slots<M>>,
}

// SAFETY: the pointers in `Owner` are boxes that only `Drop` and `remove` free; all else is Send and Sync where `Series<M>` is.
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
    /// `direct` is the number of combinations of closed labels if there are no open ones, else 0. `expire` says whether
    /// series can be [removed](Self::remove).
    pub(super) fn new(direct: usize, expire: bool) -> Self {
        Self {
            direct: empty_slots(direct),
            hashed: AtomicPtr::new(std::ptr::null_mut()),
            pins: Pins::new(expire && direct == 0),
            len: AtomicUsize::new(0),
            removing: AtomicBool::new(false),
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

    /// What a lookup by hash needs.
    #[inline]
    pub(super) fn pin(&self) -> Pin<'_> {
        self.pins.pin()
    }

    /// The series of this combination of closed labels.
    #[inline]
    pub(super) fn at<'a>(&'a self, closed: usize, pin: Pin<'a>) -> Result<Found<'a, M>, Pin<'a>> {
        // Acquire: `insert` published the series with Release.
        match NonNull::new(self.direct[closed].load(Ordering::Acquire)) {
            Some(series) => Ok(Found { series, _pin: pin }),
            None => Err(pin),
        }
    }

    /// The series of this hash that `is_match` accepts; the pin back if there is none.
    #[inline]
    pub(super) fn find<'a>(
        &'a self,
        pin: Pin<'a>,
        hash: u32,
        is_match: impl Fn(&Series<M>) -> bool,
    ) -> Result<Found<'a, M>, Pin<'a>> {
        // SeqCst, after the pin: see `Pins::quiesce`. On x86 and arm64 this is the load that Acquire would be.
        let table = self.hashed.load(Ordering::SeqCst);
        // SAFETY: null, or a table that `owner` keeps until `self` is dropped, or the pin is; published with Release.
        let Some(table) = (unsafe { table.as_ref() }) else {
            return Err(pin);
        };
        let mask = table.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            // A null ends the search: at least half of the slots are null.
            let Some(series) = NonNull::new(table.slots[at & mask].load(Ordering::Acquire)) else {
                return Err(pin);
            };
            // SAFETY: as in `Found::get`, with the pin that we have.
            let candidate = unsafe { series.as_ref() };
            if candidate.hash == hash && is_match(candidate) {
                return Ok(Found { series, _pin: pin });
            }
            at += 1;
        }
    }

    /// The series that `find` finds by now, or the one that `make` makes; the pin back if there are `limit` others.
    pub(super) fn insert<'a>(
        &'a self,
        pin: Pin<'a>,
        closed: usize,
        hash: u32,
        limit: usize,
        find: impl Fn(Pin<'a>) -> Result<Found<'a, M>, Pin<'a>>,
        make: impl FnOnce() -> Series<M>,
    ) -> Result<Found<'a, M>, Pin<'a>> {
        let mut owner = self.owner();
        let pin = match find(pin) {
            Ok(found) => return Ok(found), // another thread was faster
            Err(pin) => pin,
        };
        if owner.series.len() >= limit {
            return Err(pin);
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
        // SAFETY: `Arc::as_ptr` is never null.
        let series = unsafe { NonNull::new_unchecked(pointer) };
        Ok(Found { series, _pin: pin })
    }

    fn insert_hashed(&self, owner: &mut Owner<M>, hash: u32, pointer: *mut Series<M>) {
        // SAFETY: as in `find`; the owner's lock is held, so that no table is freed.
        let table = unsafe { self.hashed.load(Ordering::Acquire).as_ref() };
        match table {
            Some(table) if owner.series.len() * 2 <= table.slots.len() => {
                table.place(hash, pointer)
            }
            _ => {
                let count = table.map_or(FIRST_SLOTS, |table| table.slots.len() * 2);
                let larger = Slots::of(count, &owner.series);
                owner.tables.push(larger);
                self.hashed.store(larger, Ordering::Release);
            }
        }
    }

    /// True if series are out of the table for the moment that may be put back.
    pub(super) fn is_removing(&self) -> bool {
        self.removing.load(Ordering::SeqCst)
    }

    /// Takes the series that `is_idle` names out of the table and frees them, but for those that somebody holds, is looking at,
    /// or has updated since. `others` is how many references there are to each beside the table's own. Those that
    /// go are handed to `gone`.
    ///
    /// One thread at a time.
    pub(super) fn remove(
        &self,
        is_idle: impl Fn(&Series<M>) -> bool,
        others: usize,
        mut gone: impl FnMut(&Arc<Series<M>>),
    ) {
        if !self.pins.can_quiesce() {
            return;
        }
        let mut owner = self.owner();
        // First, that this comes to nothing more than once costs one table and not many.
        if !self.free_outgrown(&mut owner) {
            return;
        }
        let Owner { series, tables } = &mut *owner;
        let (idle, mut kept): (Vec<_>, Vec<_>) =
            series.drain(..).partition(|series| is_idle(series));
        let count = (kept.len() * 2).next_power_of_two().max(FIRST_SLOTS);
        let smaller = Slots::of(count, &kept);
        let before = self.hashed.load(Ordering::Acquire);
        tables.push(smaller);
        self.removing.store(true, Ordering::SeqCst);
        self.hashed.store(smaller, Ordering::SeqCst);
        if self.pins.quiesce() {
            let mut put_back = Vec::new();
            for series in idle {
                let held = Arc::strong_count(&series) > 1 + others;
                // Whoever let go of the last handle released what it had done before.
                crate::sync::fence(Ordering::Acquire);
                if held || !is_idle(&series) {
                    put_back.push(series);
                } else {
                    gone(&series);
                }
            }
            let all = put_back.len() + kept.len();
            if all * 2 <= count {
                // SAFETY: just made, and freed with the lock held only.
                let smaller = unsafe { &*smaller };
                for series in &put_back {
                    smaller.place(series.hash, Arc::as_ptr(series).cast_mut());
                }
            }
            // In front: `copy_new` counts on new series being behind those that were there.
            series.append(&mut put_back);
            series.append(&mut kept);
            if all * 2 > count {
                let larger = Slots::of((all * 2).next_power_of_two(), series);
                tables.push(larger);
                self.hashed.store(larger, Ordering::SeqCst);
            }
        } else {
            series.extend(idle);
            series.append(&mut kept);
            self.hashed.store(before, Ordering::SeqCst);
        }
        self.len.store(series.len(), Ordering::Release);
        self.removing.store(false, Ordering::SeqCst);
    }

    /// Frees all tables but the current one; false if somebody may be reading them.
    fn free_outgrown(&self, owner: &mut Owner<M>) -> bool {
        if !self.pins.quiesce() {
            return false;
        }
        let current = self.hashed.load(Ordering::Acquire);
        owner.tables.retain(|&table| {
            if table != current {
                // SAFETY: made by `Slots::of`, and taken out of the list as it is freed. It was replaced before `quiesce`
                // was called, under the lock that is held, so that nobody can have found it since.
                drop(unsafe { Box::from_raw(table) });
            }
            table == current
        });
        true
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
    /// A table of `count` slots, a power of two, with these series. To be freed with `Box::from_raw`.
    fn of(count: usize, series: &[Arc<Series<M>>]) -> *mut Self {
        let table = Self {
            slots: empty_slots(count),
        };
        for series in series {
            table.place(series.hash, Arc::as_ptr(series).cast_mut());
        }
        Box::into_raw(Box::new(table))
    }

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
            // SAFETY: made by `Slots::of`, dropped once, and `&mut self` means no readers.
            drop(unsafe { Box::from_raw(table) });
        }
    }
}
