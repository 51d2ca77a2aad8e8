//! What the threads that log and the thread that writes share.

use std::cell::Cell;
use std::ptr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::state::{Limits, Phase, State, Writer};
use crate::deadline::after;
use crate::writer::attached::Attached;
use crate::writer::fork::generation;
use crate::{DropReason, Flushed, Severity, Sink};

/// How often the writing thread looks in vain before it asks to be woken.
const QUIET: u32 = 100;

pub(super) struct Shared {
    state: Mutex<State>,
    /// There is work for the writing thread.
    work: Condvar,
    /// Lines were written.
    done: Condvar,
    pub(super) destination: Box<dyn Sink>,
    pub(super) attached: Attached,
    pub(super) linger: Duration,
    pub(super) at_exit: Duration,
    /// The process that the writing thread lives in.
    generation: u32,
}

thread_local! {
    /// The queue that this thread writes for. No destructor, so that it can be asked at exit as well.
    static WRITES_FOR: Cell<*const Shared> = const { Cell::new(ptr::null()) };
}

impl Shared {
    pub(super) fn new(
        limits: Limits,
        linger: Duration,
        at_exit: Duration,
        destination: Box<dyn Sink>,
    ) -> Self {
        Self {
            state: Mutex::new(State::new(limits)),
            work: Condvar::new(),
            done: Condvar::new(),
            destination,
            attached: Attached::default(),
            linger,
            at_exit,
            generation: generation(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is a forked child: the thread, the lock and the lines are the parent's.
    #[inline]
    pub(super) fn is_inherited(&self) -> bool {
        self.generation != generation()
    }

    #[inline]
    pub(super) fn push(&self, severity: Severity, line: &[u8]) {
        let mut state = self.lock();
        match state.phase {
            Phase::Open | Phase::Closing => {
                state.push(severity, line, |severity| {
                    self.attached.dropped(severity, DropReason::QueueFull);
                });
                let wakes = state.wakes();
                drop(state);
                if wakes {
                    self.work.notify_one();
                }
            }
            Phase::Drained => {
                drop(state);
                self.destination.write(severity, line);
            }
            Phase::Abandoned => {
                drop(state);
                self.attached.dropped(severity, DropReason::Shutdown);
            }
        }
    }

    pub(super) fn flush(&self, deadline: Instant) -> Flushed {
        if self.is_inherited() {
            return self.destination.flush(deadline);
        }
        let mut state = self.lock();
        let last = state.next;
        if self.is_writing_thread() {
            return Flushed::with_lines_left(state.lines_left(last));
        }
        state.flushers += 1;
        self.wake(&mut state);
        while !state.is_written(last) {
            match self.wait_until(deadline, state) {
                Ok(locked) => state = locked,
                Err(locked) => {
                    state = locked;
                    break;
                }
            }
        }
        state.flushers -= 1;
        let left = state.lines_left(last);
        let drained = state.phase == Phase::Drained;
        drop(state);
        if drained {
            return self.destination.flush(deadline);
        }
        Flushed::with_lines_left(left)
    }

    /// A flush that does not wait for a destination which it has waited for in vain, and which has not moved since: a
    /// handler that panics again and again would hold up its thread each time.
    pub(super) fn flush_unless_stuck(&self, deadline: Instant) {
        if self.lock().is_stuck {
            return;
        }
        let flushed = self.flush(deadline);
        let mut state = self.lock();
        state.is_stuck = !flushed.is_complete() && !state.is_written(state.next);
    }

    /// Writes what is left, then ends the thread. What the deadline does not allow is lost, and counted.
    pub(super) fn shutdown(&self, deadline: Instant) -> Flushed {
        if self.is_inherited() {
            return self.destination.flush(deadline);
        }
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing;
        }
        self.wake(&mut state);
        // The thread cannot wait for itself; it ends after what it is doing.
        while state.phase == Phase::Closing && !self.is_writing_thread() {
            match self.wait_until(deadline, state) {
                Ok(locked) => state = locked,
                Err(mut locked) => {
                    // It may have ended in the very moment in which the time was up.
                    if locked.phase != Phase::Closing {
                        break;
                    }
                    let lost = locked.abandon();
                    drop(locked);
                    self.done.notify_all();
                    return self.count_lost(lost);
                }
            }
        }
        Flushed::default()
    }

    fn count_lost(&self, lost: [u64; Severity::ALL.len()]) -> Flushed {
        for (severity, lines) in Severity::ALL.into_iter().zip(lost) {
            if lines > 0 {
                self.attached.lost(severity, DropReason::Shutdown, lines);
            }
        }
        Flushed::with_lines_left(lost.iter().sum())
    }

    /// The writing thread's, once: a flush on this thread would wait for itself.
    pub(super) fn enter_writing_thread(&self) {
        WRITES_FOR.set(self);
    }

    fn is_writing_thread(&self) -> bool {
        ptr::eq(WRITES_FOR.get(), self)
    }

    fn wake(&self, state: &mut State) {
        state.writer = Writer::Awake;
        self.work.notify_one();
    }

    /// Waits for lines to be written; the error is that the deadline has passed.
    fn wait_until<'a>(
        &self,
        deadline: Instant,
        state: MutexGuard<'a, State>,
    ) -> Result<MutexGuard<'a, State>, MutexGuard<'a, State>> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(state);
        }
        Ok(self
            .done
            .wait_timeout(state, left)
            .unwrap_or_else(PoisonError::into_inner)
            .0)
    }

    /// The writing thread's: sleeps until there are lines to write, or none will come.
    ///
    /// A thread that wakes another pays for it, so while lines keep coming this one wakes by itself, after each
    /// [`linger`](Self::linger), and asks to be woken only after it has found nothing for a while.
    pub(super) fn next_lines<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
    ) -> Option<MutexGuard<'a, State>> {
        let mut quiet = 0;
        loop {
            state = self.gather(state);
            if !state.is_empty() {
                return Some(state);
            }
            match state.phase {
                Phase::Open => {}
                Phase::Closing => {
                    state.phase = Phase::Drained;
                    drop(state);
                    self.done.notify_all();
                    return None;
                }
                Phase::Drained | Phase::Abandoned => return None,
            }
            quiet += 1;
            if quiet >= QUIET || self.linger.is_zero() {
                state.writer = Writer::Idle;
                state = self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Lets lines gather, unless there is a reason not to.
    fn gather<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let until = after(self.linger);
        state.writer = Writer::Lingering;
        while state.writer == Writer::Lingering
            && state.phase == Phase::Open
            && (state.flushers == 0 || state.is_empty())
            && !state.is_pressing()
        {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self
                .work
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.writer = Writer::Awake;
        state
    }

    /// The writing thread's: a batch was written.
    pub(super) fn written(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.written();
        if state.flushers > 0 {
            self.done.notify_all();
        }
        state
    }
}
