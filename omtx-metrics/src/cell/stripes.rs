//! A cell's stripes: copies that threads write apart from each other, and that a scrape adds up.
//!
//! A cell has none until [`Stripes::grow`] is called; then each thread writes its own (threads beyond the number of
//! stripes share). Stripes are only ever added, and live as long as the cell, so that a reader needs no lock.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::sync::{AtomicPtr, Ordering};

/// A value alone on its cache lines. 128 bytes: x86 fetches lines in pairs, and some arm64 lines are that long.
#[derive(Debug)]
#[repr(align(128))]
struct Padded<T>(T);

/// Stripes of `T`, none at first.
#[derive(Debug)]
pub(crate) struct Stripes<T> {
    /// The first of [`count`] padded values in one boxed slice, or null.
    first: AtomicPtr<Padded<T>>,
    owned: PhantomData<T>,
}

impl<T: Sync + Send> Stripes<T> {
    pub(crate) fn new() -> Self {
        Self {
            first: AtomicPtr::new(std::ptr::null_mut()),
            owned: PhantomData,
        }
    }

    /// The calling thread's stripe, if there are any.
    #[inline]
    pub(crate) fn mine(&self) -> Option<&T> {
        let first = self.first.load(Ordering::Acquire);
        if first.is_null() {
            return None;
        }
        // SAFETY: a non-null `first` points at `count()` initialised values that `grow` published with Release and that
        // only `drop` frees; `count` is a power of two and never changes, so the masked index is in bounds.
        Some(unsafe { &(*first.add(thread_index() & (count() - 1))).0 })
    }

    /// All stripes; none if the cell has not grown.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> + Clone {
        let first = self.first.load(Ordering::Acquire);
        let stripes: &[Padded<T>] = if first.is_null() {
            &[]
        } else {
            // SAFETY: as in `mine`.
            unsafe { std::slice::from_raw_parts(first, count()) }
        };
        stripes.iter().map(|stripe| &stripe.0)
    }

    /// Makes the stripes, unless another thread has made them already.
    #[cold]
    pub(crate) fn grow(&self, make: impl Fn() -> T) {
        if !self.first.load(Ordering::Acquire).is_null() {
            return;
        }
        let stripes: Box<[Padded<T>]> = (0..count()).map(|_| Padded(make())).collect();
        let first = Box::into_raw(stripes).cast::<Padded<T>>();
        let published = self.first.compare_exchange(
            std::ptr::null_mut(),
            first,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        if published.is_err() {
            // SAFETY: the exchange failed, so nobody else has seen this slice.
            unsafe { free(first) };
        }
    }
}

impl<T> Drop for Stripes<T> {
    fn drop(&mut self) {
        let first = self.first.load(Ordering::Acquire);
        if !first.is_null() {
            // SAFETY: `&mut self`: no other thread has a reference into the slice.
            unsafe { free(first) };
        }
    }
}

/// # Safety
///
/// `first` comes from `Box::into_raw` of a slice of `count()` values, and nobody uses it any more.
unsafe fn free<T>(first: *mut Padded<T>) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(first, count())) });
}

/// Decides how many stripes there are, which asks the operating system: at start-up, so that no recording has to.
#[cfg(not(loom))]
pub(crate) fn prepare() {
    count();
}

#[cfg(loom)]
pub(crate) fn prepare() {}

/// How many stripes a striped cell has: four for each of the machine's threads, so that two busy threads seldom share
/// one, rounded up to a power of two; 8 at least (a pinned thread sees one processor), 64 at most.
#[cfg(not(loom))]
#[inline]
fn count() -> usize {
    use std::sync::atomic::AtomicUsize;
    static COUNT: AtomicUsize = AtomicUsize::new(0);

    #[cold]
    fn decide() -> usize {
        let threads = std::thread::available_parallelism().map_or(8, usize::from);
        // The first thread to decide wins: what the operating system answers may change, the count must not.
        let count = (threads * 4).next_power_of_two().clamp(8, 64);
        match COUNT.compare_exchange(0, count, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => count,
            Err(decided) => decided,
        }
    }

    match COUNT.load(Ordering::Relaxed) {
        0 => decide(),
        count => count,
    }
}

/// A number of the calling thread, counted from 0 and not used again.
#[cfg(not(loom))]
#[inline]
pub(super) fn thread_index() -> usize {
    use std::cell::Cell;
    use std::sync::atomic::AtomicUsize;

    thread_local! {
        // `const` and without destructor: one load from thread-local storage, no registration.
        static INDEX: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    #[cold]
    fn assign() -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // Below `usize::MAX / 2`, so that the index never looks unassigned.
        let index = NEXT.fetch_add(1, Ordering::Relaxed) & (usize::MAX >> 1);
        INDEX.set(index);
        index
    }

    match INDEX.get() {
        usize::MAX => assign(),
        index => index,
    }
}

/// Two stripes are enough for a model, and few enough to finish.
#[cfg(loom)]
fn count() -> usize {
    2
}

#[cfg(loom)]
pub(super) fn thread_index() -> usize {
    use loom::sync::atomic::AtomicUsize;
    loom::lazy_static! {
        static ref NEXT: AtomicUsize = AtomicUsize::new(0);
    }
    loom::thread_local! {
        static INDEX: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    INDEX.with(|index| *index)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn a_cell_has_no_stripes_until_it_grows() {
        let stripes = Stripes::<AtomicU64>::new();
        assert!(stripes.mine().is_none());
        assert_eq!(stripes.all().count(), 0);

        stripes.grow(|| AtomicU64::new(0));
        stripes.grow(|| AtomicU64::new(9)); // the first wins
        stripes.mine().unwrap().fetch_add(3, Ordering::Relaxed);
        assert_eq!(
            stripes
                .all()
                .map(|stripe| stripe.load(Ordering::Relaxed))
                .sum::<u64>(),
            3
        );
    }

    #[test]
    fn stripes_do_not_share_cache_lines() {
        assert_eq!(std::mem::align_of::<Padded<AtomicU64>>(), 128);
        assert_eq!(std::mem::size_of::<Padded<AtomicU64>>(), 128);
    }

    #[test]
    fn threads_have_different_indexes() {
        let mine = thread_index();
        let other = std::thread::spawn(thread_index).join().unwrap();
        assert_ne!(mine, other);
        assert_eq!(mine, thread_index());
    }
}
