//! An allocator that counts what each thread asks for. It is the whole process's, so each binary that includes this file with
//! `#[path]` is one of its own.
#![allow(unsafe_code)]
#![allow(dead_code)] // each includer uses a part

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// How often memory was asked for, and for how many bytes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) times: u64,
    pub(crate) bytes: usize,
}

thread_local! {
    static ASKED: Cell<Asked> = const { Cell::new(Asked { times: 0, bytes: 0 }) };
}

struct Counting;

// SAFETY: every call is the system allocator's own; the count beside it touches no heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends may allocate when its count is gone.
        let _ = ASKED.try_with(|asked| {
            let Asked { times, bytes } = asked.get();
            asked.set(Asked {
                times: times + 1,
                bytes: bytes + layout.size(),
            });
        });
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` asks for on this thread.
pub(crate) fn asked<R>(work: impl FnOnce() -> R) -> Asked {
    let before = ASKED.get();
    let _kept_until_counted = work();
    let after = ASKED.get();
    Asked {
        times: after.times - before.times,
        bytes: after.bytes - before.bytes,
    }
}
