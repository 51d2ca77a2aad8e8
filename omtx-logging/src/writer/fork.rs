//! What a forked child must not share with its parent.
//!
//! A child of `fork(2)` has the parent's memory and one thread. A lock that another thread held stays locked in it for
//! ever, and lines that wait there for the parent's writing thread would be written twice if the child wrote them.

#![allow(unsafe_code)]

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// How many forks lie between the process that started the program and this one.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Counts forks from now on. A child that was made with a bare `clone(2)` or `vfork(2)` is not seen.
pub(crate) fn watch() -> io::Result<()> {
    static WATCHED: OnceLock<i32> = OnceLock::new();
    match *WATCHED.get_or_init(register) {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

#[cfg(unix)]
fn register() -> i32 {
    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Relaxed);
    }
    // SAFETY: the handler is a function of this program, which is never unloaded, and does nothing but an atomic
    // addition, which is safe at any time after a fork.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) }
}

#[cfg(not(unix))]
fn register() -> i32 {
    0
}

/// Which process of a line of forks this is. A relaxed load: `getpid(2)` would be a system call for every line.
#[inline]
pub(crate) fn generation() -> u32 {
    GENERATION.load(Relaxed)
}

/// A value of which every forked child has its own, so that it never meets a lock that its parent held.
#[derive(Debug)]
pub(crate) struct PerProcess<T> {
    generation: u32,
    value: T,
    child: OnceLock<Box<PerProcess<T>>>,
}

impl<T: Default> PerProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            generation: generation(),
            value,
            child: OnceLock::new(),
        }
    }

    /// This process's value; in a child the default one at first.
    #[inline]
    pub(crate) fn get(&self) -> &T {
        if self.generation == generation() {
            &self.value
        } else {
            self.of_child()
        }
    }

    #[cold]
    fn of_child(&self) -> &T {
        self.child
            .get_or_init(|| Box::new(Self::new(T::default())))
            .get()
    }
}
