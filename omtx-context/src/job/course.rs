//! A job's way through its stages to its end, told to the observers one step at a time.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::status::JobStatus;

/// How a job ended, and why it failed.
pub(super) type Outcome = (JobStatus, Option<&'static str>);

#[derive(Default)]
pub(super) struct Course {
    /// Held while observers hear of a stage or of the end, so that no stage begins after the end. Never held while the
    /// job's own code runs.
    steps: Mutex<Steps>,
    /// The thread that holds `steps`; 0 for none.
    teller: AtomicUsize,
    /// The end, when it came about in a hook that was being told of a stage.
    due: Mutex<Option<Outcome>>,
}

#[derive(Default)]
pub(super) struct Steps {
    pub(super) stage: Option<(&'static str, Instant)>,
    pub(super) ended: bool,
}

impl Course {
    /// Waits for the hooks that other threads run. `None` in a hook of this very job, which cannot wait for itself.
    pub(super) fn turn(&self) -> Option<Turn<'_>> {
        let me = this_thread();
        // Relaxed is enough: whoever reads its own number has written it.
        if self.teller.load(Relaxed) == me {
            return None;
        }
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        self.teller.store(me, Relaxed);
        Some(Turn {
            course: self,
            steps,
        })
    }

    /// For a hook that ended the job: the end follows the hook. The first counts.
    pub(super) fn end_after_this_turn(&self, outcome: Outcome) {
        self.due().get_or_insert(outcome);
    }

    fn due(&self) -> MutexGuard<'_, Option<Outcome>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to take the next step and to tell the observers of it.
pub(super) struct Turn<'a> {
    course: &'a Course,
    steps: MutexGuard<'a, Steps>,
}

impl Turn<'_> {
    /// The end that came about in a hook during this turn.
    pub(super) fn due(&self) -> Option<Outcome> {
        self.course.due().take()
    }
}

impl Deref for Turn<'_> {
    type Target = Steps;

    fn deref(&self) -> &Steps {
        &self.steps
    }
}

impl DerefMut for Turn<'_> {
    fn deref_mut(&mut self) -> &mut Steps {
        &mut self.steps
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // The lock is released after this.
        self.course.teller.store(0, Relaxed);
    }
}

/// A number that no other living thread has, not 0. Unlike `thread::current()`, it costs no reference count.
fn this_thread() -> usize {
    thread_local!(static MARK: u8 = const { 0 });
    MARK.with(|mark| std::ptr::from_ref(mark).addr())
}
