//! What keeps a panic from doing more harm than it must: an observer's from costing another its calls, and one in a
//! destructor from aborting the process, which is what a panic that leaves a destructor does during an unwind.
//!
//! For this family's crates; no part of the public interface.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

/// Runs `work`, whose panic goes no further.
pub fn shielded(work: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        discard(payload);
    }
}

/// Runs pieces of work, all of them, and keeps the first panic for later.
#[derive(Default)]
#[must_use = "a panic that was caught goes on with `resume`"]
pub struct Shield(Option<Box<dyn Any + Send>>);

impl Shield {
    /// Runs `work`, whose panic waits for [`resume`](Self::resume).
    #[inline]
    pub fn run(&mut self, work: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
            match self.0 {
                None => self.0 = Some(payload),
                Some(_) => discard(payload),
            }
        }
    }

    /// Whether something has panicked.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.0.is_some()
    }

    /// Lets the first panic go on; except during an unwind, where a second one would abort the process.
    #[inline]
    pub fn resume(self) {
        if let Some(payload) = self.0 {
            if thread::panicking() {
                discard(payload);
            } else {
                resume_unwind(payload);
            }
        }
    }
}

/// The payload's destructor may panic in turn; leaking that one box is the lesser evil.
#[cold]
fn discard(payload: Box<dyn Any + Send>) {
    std::mem::forget(payload);
}
