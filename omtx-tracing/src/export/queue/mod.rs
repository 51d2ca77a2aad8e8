//! What waits, what is being sent, and what became of the rest: one signal's records, under one lock.
//!
//! ```text
//! mod.rs      who has records, and who looks      state.rs    what is under the lock
//! outgoing.rs the lane                            closing.rs  who stops
//! ```
//!
//! The lock is held for a copy of one record, or for a few numbers; never while something is encoded, sent or waited for.

mod closing;
mod outgoing;
mod state;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use opentelemetry::InstrumentationScope;
use tokio::sync::Notify;

pub(super) use self::outgoing::{Next, Settled};
pub(crate) use self::state::AttemptObserver;
pub(super) use self::state::Phase;
use self::state::{LaneState, Load, State};
use super::blocks::Header;
use super::fork::Process;
use super::request::Frame;
use super::stats::SignalStats;
use super::{DropReason, Dropped, ScopeId};
use crate::Signal;
use crate::config::Batching;

/// Large enough that few pushes begin a new one, small enough that a quiet signal holds next to nothing.
const BLOCK_LEN: usize = 64 << 10;

/// One signal's records and counts.
#[derive(Debug)]
pub(super) struct Queue {
    signal: Signal,
    batching: Batching,
    pub(super) frame: Frame,
    process: Process,
    /// Written for every record that begins, on any thread: on a line of its own.
    created: Line<AtomicU64>,
    /// What was pushed in a forked child, where nothing else may be touched.
    after_fork: AtomicU64,
    /// False from shutdown on; read without the lock.
    open: AtomicBool,
    state: Mutex<State>,
    /// Something was settled, or the queue was closed.
    settled: Condvar,
    /// Wakes the lane.
    wake: Notify,
    /// Wakes the reporter of losses; shared by all signals.
    lost: Arc<Notify>,
}

#[derive(Debug)]
#[repr(align(128))]
struct Line<T>(T);

/// Why a record was not taken.
struct Refused {
    reason: DropReason,
    queue_is_full: bool,
}

impl Refused {
    fn alone(reason: DropReason) -> Self {
        Self {
            reason,
            queue_is_full: false,
        }
    }

    fn queue_is_full(reason: DropReason) -> Self {
        Self {
            reason,
            queue_is_full: true,
        }
    }
}

impl Queue {
    pub(super) fn new(
        signal: Signal,
        batching: Batching,
        resource: &[u8],
        schema_url: &str,
        lost: Arc<Notify>,
    ) -> Self {
        let frame = Frame::new(
            resource,
            schema_url,
            batching.max_batch_records.min(batching.max_queue_records),
            batching.max_batch_bytes,
        );
        let block_len = (batching.max_queue_bytes / 8).clamp(1 << 10, BLOCK_LEN);
        Self {
            signal,
            batching,
            frame,
            process: Process::current(),
            created: Line(AtomicU64::new(0)),
            after_fork: AtomicU64::new(0),
            open: AtomicBool::new(true),
            state: Mutex::new(State::new(block_len)),
            settled: Condvar::new(),
            wake: Notify::new(),
            lost,
        }
    }

    pub(super) fn signal(&self) -> Signal {
        self.signal
    }

    pub(super) fn batching(&self) -> &Batching {
        &self.batching
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed) && self.process.is_current()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics with the lock held but what asserts its own arithmetic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn scope(&self, scope: &InstrumentationScope) -> ScopeId {
        if !self.process.is_current() {
            return ScopeId(0);
        }
        // A scope may take a quarter of a request; its records take the rest.
        self.lock().scopes.id(scope, self.frame.max_bytes() / 4)
    }

    #[inline]
    pub(super) fn created(&self, records: u64) {
        self.created.0.fetch_add(records, Ordering::Relaxed);
    }

    pub(super) fn push(&self, scope: ScopeId, encoded: &[u8], records: u32) {
        if !self.process.is_current() {
            self.after_fork
                .fetch_add(u64::from(records), Ordering::Relaxed);
            return;
        }
        let mut state = self.lock();
        let wake = match self.admit(&state, scope, encoded, u64::from(records)) {
            Ok(load) => {
                let header = Header {
                    scope: state.scopes.known(scope),
                    len: encoded.len() as u32,
                    records,
                };
                state.blocks.push(header, encoded);
                state.waiting.add(load);
                state.pushed += 1;
                match state.lane {
                    LaneState::Idle => true,
                    LaneState::Filling => self.is_full(&state),
                    LaneState::Busy => false,
                }
            }
            Err(refused) => {
                state.dropped.add(refused.reason, u64::from(records));
                state.pressed |= refused.queue_is_full;
                self.lost.notify_one();
                refused.queue_is_full && state.lane == LaneState::Filling
            }
        };
        if wake {
            state.lane = LaneState::Busy;
            drop(state);
            self.wake.notify_one();
        }
    }

    /// What a record would add to the load, if there is room for it.
    fn admit(
        &self,
        state: &State,
        scope: ScopeId,
        encoded: &[u8],
        records: u64,
    ) -> Result<Load, Refused> {
        if state.phase != Phase::Open {
            return Err(Refused::alone(DropReason::Shutdown));
        }
        if !self.frame.fits(state.scopes.get(scope.0), encoded.len()) {
            return Err(Refused::alone(DropReason::Bytes));
        }
        let load = Load {
            entries: 1,
            records,
            bytes: Header::LEN + encoded.len(),
        };
        if state.waiting.records + state.in_flight.records + records
            > self.batching.max_queue_records as u64
        {
            return Err(Refused::queue_is_full(DropReason::QueueFull));
        }
        if state.waiting.bytes + state.in_flight.bytes + load.bytes > self.batching.max_queue_bytes
        {
            return Err(Refused::queue_is_full(DropReason::Bytes));
        }
        Ok(load)
    }

    fn is_full(&self, state: &State) -> bool {
        state.waiting.records >= self.frame.max_records() as u64
            || state.waiting.bytes >= self.frame.max_bytes()
    }

    pub(super) fn dropped(&self, reason: DropReason, records: u64) {
        if !self.process.is_current() {
            self.after_fork.fetch_add(records, Ordering::Relaxed);
            return;
        }
        self.lock().dropped.add(reason, records);
        self.lost.notify_one();
    }

    pub(super) fn observe_attempts(&self, observer: AttemptObserver) {
        self.lock().observers.0.push(observer);
    }

    pub(super) fn stats(&self) -> SignalStats {
        let mut stats = SignalStats::default();
        if self.process.is_current() {
            let state = self.lock();
            stats.exported = state.exported;
            stats.dropped = state.dropped;
            stats.waiting_records = state.waiting.records;
            stats.waiting_bytes = state.waiting.bytes;
            stats.in_flight_records = state.in_flight.records;
            stats.in_flight_bytes = state.in_flight.bytes;
            stats.attempts = state.attempts;
            stats.last_success = state.last_success;
            stats.last_error.clone_from(&state.last_error);
        } else {
            let after_fork = self.after_fork.load(Ordering::Relaxed);
            stats.dropped.add(DropReason::Shutdown, after_fork);
            stats.created = after_fork;
            return stats;
        }
        // Read last: whatever was counted above was created before, as its pusher released the lock that was taken here.
        stats.created = self.created.0.load(Ordering::Relaxed);
        stats
    }

    /// Writes a record that says that it is longer than it is.
    #[cfg(test)]
    pub(super) fn corrupt(&self) {
        let mut state = self.lock();
        let header = Header {
            scope: 0,
            len: u32::MAX,
            records: 0,
        };
        state.blocks.push(header, b"");
        state.waiting.add(Load {
            entries: 1,
            records: 0,
            bytes: Header::LEN,
        });
        state.pushed += 1;
    }

    /// Holds the lock, as a thread that is being forked does.
    #[cfg(test)]
    pub(super) fn hold(&self) -> impl Drop + use<'_> {
        struct Held<'a>(#[allow(dead_code, reason = "held")] MutexGuard<'a, State>);
        impl Drop for Held<'_> {
            fn drop(&mut self) {}
        }
        Held(self.lock())
    }

    pub(super) fn dropped_so_far(&self) -> Dropped {
        self.lock().dropped
    }
}
