//! Keeps our own rows from coming back to us through somebody else's registry.

use std::cell::RefCell;

thread_local! {
    /// The registries of ours that are gathering others' rows on this thread.
    static GATHERING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Runs `gather` for our registry `id`: meanwhile, and on this thread, that registry has no rows for others.
pub(super) fn on_behalf_of<R>(id: usize, gather: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            GATHERING.with_borrow_mut(Vec::pop);
        }
    }

    GATHERING.with_borrow_mut(|ids| ids.push(id));
    let _leave = Leave;
    gather()
}

/// True if our registry `id` is the one that asks.
pub(super) fn is_asking(id: usize) -> bool {
    GATHERING.with_borrow(|ids| ids.contains(&id))
}
