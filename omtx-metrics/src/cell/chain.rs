//! A list that only grows at its head: each link replaces the one before, which stays readable.
//!
//! What a link replaces may still be written by threads that found it before: nothing is moved and nothing is freed until
//! the chain goes, so that neither writers nor readers need a lock or an epoch.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::sync::{AtomicPtr, Ordering};

/// A list of `T`, the newest first; empty at first.
#[derive(Debug)]
pub(super) struct Chain<T> {
    newest: AtomicPtr<Link<T>>,
    owned: PhantomData<Link<T>>,
}

#[derive(Debug)]
struct Link<T> {
    value: T,
    /// From `Box::into_raw`, or null.
    older: *mut Link<T>,
}

// SAFETY: a link is reached through `&Chain` only, as a `&T`, and dropped with the chain.
unsafe impl<T: Send + Sync> Send for Chain<T> {}
// SAFETY: as above; the head is atomic.
unsafe impl<T: Send + Sync> Sync for Chain<T> {}

impl<T> Chain<T> {
    pub(super) fn new() -> Self {
        Self {
            newest: AtomicPtr::new(std::ptr::null_mut()),
            owned: PhantomData,
        }
    }

    /// The newest link, if there is any.
    #[inline]
    pub(super) fn newest(&self) -> Option<&T> {
        // SAFETY: null, or a link that `push` published with Release and that only `drop` frees.
        let link = unsafe { self.newest.load(Ordering::Acquire).as_ref()? };
        Some(&link.value)
    }

    /// All links, the newest first. Those that are pushed meanwhile are not among them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let mut next = self.newest.load(Ordering::Acquire);
        std::iter::from_fn(move || {
            // SAFETY: as in `newest`; `older` never changes once its link is published.
            let link = unsafe { next.as_ref()? };
            next = link.older;
            Some(&link.value)
        })
    }

    /// Puts a link before `expected`, unless another thread has by now. Returns the newest link, whoever made it.
    #[cold]
    pub(super) fn push(&self, expected: Option<&T>, make: impl FnOnce() -> T) -> &T {
        let older = self.newest.load(Ordering::Acquire);
        // SAFETY: as in `newest`.
        let newest = unsafe { older.as_ref() }.map(|link| &link.value);
        match (newest, expected) {
            (Some(newest), None) => return newest,
            (Some(newest), Some(expected)) if !std::ptr::eq(newest, expected) => return newest,
            _ => {}
        }
        let link = Box::into_raw(Box::new(Link {
            value: make(),
            older,
        }));
        let newest =
            match self
                .newest
                .compare_exchange(older, link, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => link,
                Err(faster) => {
                    // SAFETY: the exchange failed, so nobody else has seen this link.
                    drop(unsafe { Box::from_raw(link) });
                    faster
                }
            };
        // SAFETY: published, by us or by the faster thread: as in `newest`. Not null: heads are only replaced by links.
        unsafe { &(*newest).value }
    }
}

impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        let mut next = self.newest.load(Ordering::Acquire);
        while !next.is_null() {
            // SAFETY: from `Box::into_raw`, seen once on this walk, and `&mut self` means that nobody else walks.
            let link = unsafe { Box::from_raw(next) };
            next = link.older;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_and_the_older_stay() {
        let chain = Chain::new();
        assert_eq!(chain.newest(), None);
        let first = chain.push(None, || 1);
        assert_eq!(*chain.push(Some(first), || 2), 2);
        assert_eq!(chain.iter().copied().collect::<Vec<_>>(), [2, 1]);
        assert_eq!(*first, 1);
    }

    #[test]
    fn whoever_expects_an_older_link_gets_the_newest_instead() {
        let chain = Chain::new();
        let first = chain.push(None, || 1);
        chain.push(Some(first), || 2);
        assert_eq!(*chain.push(Some(first), || 3), 2);
        assert_eq!(*chain.push(None, || 3), 2);
        assert_eq!(chain.iter().count(), 2);
    }
}
