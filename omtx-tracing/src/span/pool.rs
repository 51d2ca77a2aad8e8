//! Buffers that spans are encoded into, kept by the thread that ended the last one.

use std::cell::RefCell;

/// How many buffers a thread keeps, and how long each may be.
const KEPT: usize = 16;
const MAX_CAPACITY: usize = 8 << 10;
/// A span with a dozen attributes fits.
const CAPACITY: usize = 1 << 10;

thread_local! {
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer.
pub(crate) fn take() -> Vec<u8> {
    POOL.try_with(|pool| pool.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_else(|| Vec::with_capacity(CAPACITY))
}

/// Takes a buffer back, unless it is long or there are enough.
pub(crate) fn put(buffer: Vec<u8>) {
    if buffer.capacity() > MAX_CAPACITY {
        return;
    }
    let _ = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        if pool.len() < KEPT {
            pool.push(buffer);
        }
    });
}
