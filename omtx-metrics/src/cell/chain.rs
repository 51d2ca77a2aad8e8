//! A closed chain: links that are written one after the other, and from the first again.
//!
//! A link that another has followed may still be written by threads that found it before: nothing is moved and nothing is
//! freed until the chain goes, so that neither writers nor readers need a lock or an epoch. Each link points at the next
//! and the last at the first, so that the way back costs no second pointer.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::sync::{AtomicPtr, Ordering};

/// Links of `T`, none at first. One of them is current.
#[derive(Debug)]
pub(super) struct Chain<T> {
    /// From `Box::into_raw`, or null while there is none.
    current: AtomicPtr<Link<T>>,
    owned: PhantomData<Link<T>>,
}

#[derive(Debug)]
struct Link<T> {
    value: T,
    /// Never null once the link is published.
    next: AtomicPtr<Link<T>>,
    is_first: bool,
}

// SAFETY: a link is reached through `&Chain` only, as a `&T`, and dropped with the chain.
unsafe impl<T: Send + Sync> Send for Chain<T> {}
// SAFETY: as above; the pointers are atomic.
unsafe impl<T: Send + Sync> Sync for Chain<T> {}

impl<T> Chain<T> {
    pub(super) fn new() -> Self {
        Self {
            current: AtomicPtr::new(std::ptr::null_mut()),
            owned: PhantomData,
        }
    }

    /// The current link, if there is any.
    #[inline]
    pub(super) fn current(&self) -> Option<&T> {
        self.link().map(|link| &link.value)
    }

    #[inline]
    fn link(&self) -> Option<&Link<T>> {
        // SAFETY: null, or a link that `follow` published with Release and that only `drop` frees.
        unsafe { self.current.load(Ordering::Acquire).as_ref() }
    }

    /// All links, from the current one around. Those that are added meanwhile may be among them or not.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let start = self.link();
        let mut next = start;
        std::iter::from_fn(move || {
            let link = next?;
            let behind = link.next();
            next = (!start.is_some_and(|start| std::ptr::eq(start, behind))).then_some(behind);
            Some(&link.value)
        })
    }

    /// The link behind `from`, which is current from now on: the one that is there, or a new one behind the last. If
    /// `from` is not current any more, the current one. The first link is made with `from` none.
    #[cold]
    pub(super) fn follow(&self, from: Option<&T>, make: impl FnOnce() -> T) -> &T {
        let Some(current) = self.link() else {
            let first = publish(&self.current, std::ptr::null_mut(), make());
            // SAFETY: published, by us or by a faster thread, and freed by `drop` only.
            return unsafe { &(*first).value };
        };
        if !from.is_some_and(|from| std::ptr::eq(from, &current.value)) {
            return &current.value;
        }
        let mut next = current.next.load(Ordering::Acquire);
        // SAFETY: a published link's `next` is a published link; only `drop` frees them.
        if unsafe { &*next }.is_first {
            next = publish(&current.next, next, make());
        }
        let expected = std::ptr::from_ref(current).cast_mut();
        let exchanged =
            self.current
                .compare_exchange(expected, next, Ordering::AcqRel, Ordering::Acquire);
        // Failed if another thread was faster, or the chain begins again.
        let link = exchanged.map_or_else(|other| other, |_| next);
        // SAFETY: as above. Not null: what was current once is replaced by links only.
        unsafe { &(*link).value }
    }

    /// Makes the first link current again.
    pub(super) fn rewind(&self) {
        let Some(mut link) = self.link() else {
            return;
        };
        while !link.is_first {
            link = link.next();
        }
        let first = std::ptr::from_ref(link).cast_mut();
        self.current.store(first, Ordering::Release);
    }
}

/// Puts a new link where `before` is, which it points at: null for the first link, which points at itself, and the first for
/// all others. Returns what is there in the end: another thread's link, if that was faster.
fn publish<T>(place: &AtomicPtr<Link<T>>, before: *mut Link<T>, value: T) -> *mut Link<T> {
    let is_first = before.is_null();
    let new = Box::into_raw(Box::new(Link {
        value,
        next: AtomicPtr::new(before),
        is_first,
    }));
    if is_first {
        // SAFETY: just made, and nobody else has seen it.
        unsafe { &*new }.next.store(new, Ordering::Relaxed);
    }
    match place.compare_exchange(before, new, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => new,
        Err(faster) => {
            // SAFETY: from `Box::into_raw`, and the exchange failed, so nobody else has seen it.
            drop(unsafe { Box::from_raw(new) });
            faster
        }
    }
}

impl<T> Link<T> {
    fn next(&self) -> &Self {
        // SAFETY: a published link's `next` is a published link, which lives as long as this one: until the chain goes.
        unsafe { &*self.next.load(Ordering::Acquire) }
    }
}

impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        let start = self.current.load(Ordering::Acquire);
        let mut link = start;
        while !link.is_null() {
            // SAFETY: from `Box::into_raw`, seen once on this walk, and `&mut self` means that nobody else walks.
            let next = unsafe { Box::from_raw(link) }.next.load(Ordering::Acquire);
            link = if next == start {
                std::ptr::null_mut()
            } else {
                next
            };
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn links_follow_each_other_and_stay() {
        let chain = Chain::new();
        assert_eq!(chain.current(), None);
        assert_eq!(chain.iter().count(), 0);
        let first = chain.follow(None, || 1);
        assert_eq!(chain.iter().copied().collect::<Vec<_>>(), [1]);
        let second = chain.follow(Some(first), || 2);
        assert_eq!(*chain.follow(Some(second), || 3), 3);
        assert_eq!(chain.iter().copied().collect::<Vec<_>>(), [3, 1, 2]);
        assert_eq!((*first, *second), (1, 2));
    }

    #[test]
    fn whoever_comes_from_an_older_link_gets_the_current_one_instead() {
        let chain = Chain::new();
        let first = chain.follow(None, || 1);
        chain.follow(Some(first), || 2);
        assert_eq!(*chain.follow(Some(first), || 3), 2);
        assert_eq!(*chain.follow(None, || 3), 2);
        assert_eq!(chain.iter().count(), 2);
    }

    #[test]
    fn a_chain_that_begins_again_has_the_same_links() {
        let chain = Chain::new();
        chain.rewind();
        let first = chain.follow(None, || 1);
        chain.follow(Some(first), || 2);
        chain.rewind();
        assert_eq!(chain.current(), Some(&1));
        assert_eq!(*chain.follow(chain.current(), || 3), 2);
        assert_eq!(*chain.follow(chain.current(), || 3), 3);
        assert_eq!(chain.iter().copied().collect::<Vec<_>>(), [3, 1, 2]);
    }
}
