//! Which process this is.
//!
//! A child of `fork(2)` has the parent's memory and one thread: there is nobody who exports, and a lock that another thread held
//! stays locked for ever. So a child touches neither locks nor threads of its parent.

#![allow(unsafe_code)]

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// How many forks lie between the process that started the program and this one.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The process that made a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(u32);

impl Process {
    /// This one. A child that is made with a bare `clone(2)` or `vfork(2)` is not told from it, nor one that is made where no
    /// handler could be registered for want of memory.
    pub(crate) fn current() -> Self {
        static WATCHED: Once = Once::new();
        WATCHED.call_once(watch);
        Self(GENERATION.load(Relaxed))
    }

    /// False in a forked child. A relaxed load: `getpid(2)` would be a system call for every span.
    #[inline]
    pub(crate) fn is_current(self) -> bool {
        self.0 == GENERATION.load(Relaxed)
    }
}

#[cfg(unix)]
fn watch() {
    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Relaxed);
    }
    // SAFETY: the handler is a function of this program, which is never unloaded, and does nothing but an atomic addition, which
    // is safe at any time after a fork.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

#[cfg(not(unix))]
fn watch() {}
