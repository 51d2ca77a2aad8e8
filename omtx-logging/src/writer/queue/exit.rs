//! Lines that wait when the process ends.

#![allow(unsafe_code)]

use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError, Weak};

use omtx_context::shield::shielded;

use super::shared::Shared;
use crate::deadline::after;

/// Queues to drain at `exit(3)`: what `std::process::exit` calls, and what follows when `main` returns.
static QUEUES: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

pub(super) fn drain_at_exit(shared: &Arc<Shared>) {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(register);
    let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
    queues.retain(|queue| queue.strong_count() > 0);
    queues.push(Arc::downgrade(shared));
}

#[cfg(unix)]
fn register() {
    extern "C" fn at_exit() {
        // An unwind must not leave a C function.
        shielded(drain);
    }
    // SAFETY: the handler is a function of this program, which stays loaded until after it has run, and no panic
    // leaves it. It takes locks with `try_lock` or in processes that own them, and uses no thread-local value.
    let _: i32 = unsafe { libc::atexit(at_exit) };
}

#[cfg(not(unix))]
fn register() {}

fn drain() {
    let queues = match QUEUES.try_lock() {
        Ok(queues) => queues,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        // A thread starts a queue at this very moment, or did when this process was forked.
        Err(TryLockError::WouldBlock) => return,
    };
    for shared in queues.iter().filter_map(Weak::upgrade) {
        let _ = shared.shutdown(after(shared.at_exit));
    }
}
