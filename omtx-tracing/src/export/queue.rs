//! What waits, what is being sent, and what became of the rest: one signal's records, under one lock.
//!
//! The lock is held for a copy of one record, or for a few numbers; never while something is encoded, sent or waited for.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::InstrumentationScope;
use tokio::sync::Notify;

use super::blocks::{Blocks, Header, Reader};
use super::fork::Process;
use super::request::{Batch, Frame};
use super::scopes::{EncodedScope, Scopes};
use super::stats::{Attempts, ExportError, SignalStats};
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

#[derive(Debug)]
struct State {
    blocks: Blocks,
    scopes: Scopes,
    phase: Phase,
    lane: LaneState,
    waiting: Load,
    in_flight: Load,
    /// True while the batch in flight is with the transport, or after it was and nobody knows what became of it.
    perhaps_taken: bool,
    /// Records ever pushed and kept, and how many of those have come to their end; in the order of their pushes.
    pushed: u64,
    done: u64,
    /// Those below this number do not wait for a batch to be full or old.
    flush_below: u64,
    /// A record was refused while a batch was filling: the queue is full before the batch is, as it is if records are long.
    pressed: bool,
    /// When the oldest waiting record came, or the batch before it was cut.
    waiting_since: Option<Instant>,
    exported: u64,
    dropped: Dropped,
    attempts: Attempts,
    last_success: Option<SystemTime>,
    last_error: Option<ExportError>,
    observers: Observers,
}

#[derive(Default)]
struct Observers(Vec<AttemptObserver>);

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} observers", self.0.len())
    }
}

/// Is told how long an attempt took, with the lock of the queue held: for a few atomics.
pub(crate) type AttemptObserver = Box<dyn Fn(Duration) + Send + Sync>;

/// How much there is of something.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    entries: u64,
    records: u64,
    bytes: usize,
}

impl Load {
    fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.records += other.records;
        self.bytes += other.bytes;
    }

    fn take(&mut self, other: Self) {
        self.entries -= other.entries;
        self.records -= other.records;
        self.bytes -= other.bytes;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Nothing more is taken; what is here is sent until this time.
    Closing(Instant),
    Closed,
}

/// What the lane is doing, so that it is woken only for what it does not know yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LaneState {
    /// Waits for a record.
    Idle,
    /// Waits for a batch to be full, or old.
    Filling,
    /// Looks at the queue before it waits again.
    Busy,
}

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

/// What the lane is to do.
#[derive(Debug)]
pub(super) enum Next {
    Send(Batch),
    /// Look again at this time, or when woken.
    Wait(Option<Instant>),
    Closed,
}

/// What became of a batch.
#[derive(Debug)]
pub(super) enum Settled {
    Exported { rejected: u64 },
    Dropped(DropReason),
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
            state: Mutex::new(State {
                blocks: Blocks::new(block_len),
                scopes: Scopes::new(),
                phase: Phase::Open,
                lane: LaneState::Busy,
                waiting: Load::default(),
                in_flight: Load::default(),
                perhaps_taken: false,
                pushed: 0,
                done: 0,
                flush_below: 0,
                pressed: false,
                waiting_since: None,
                exported: 0,
                dropped: Dropped::default(),
                attempts: Attempts::default(),
                last_success: None,
                last_error: None,
                observers: Observers::default(),
            }),
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

    // Those who have records.

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

    // The lane.

    /// Resolves when something has changed that the lane may want to know; perhaps without a change.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// The next batch, once it is full, old or wanted. It is in flight from then on.
    pub(super) fn next(&self, reader: &mut Reader, now: Instant) -> Next {
        let mut state = self.lock();
        state.lane = LaneState::Busy;
        let wanted = match state.phase {
            Phase::Closed => return Next::Closed,
            Phase::Closing(end) if now >= end => {
                self.close(&mut state);
                return Next::Closed;
            }
            Phase::Closing(_) => true,
            Phase::Open => state.done < state.flush_below || state.pressed || self.is_full(&state),
        };
        if state.waiting.entries == 0 {
            state.waiting_since = None;
            state.pressed = false;
            if matches!(state.phase, Phase::Closing(_)) {
                self.close(&mut state);
                return Next::Closed;
            }
            state.lane = LaneState::Idle;
            return Next::Wait(None);
        }
        let due = *state.waiting_since.get_or_insert(now) + self.batching.delay;
        if !wanted && now < due {
            state.lane = LaneState::Filling;
            return Next::Wait(Some(due));
        }
        state
            .blocks
            .give(reader, self.frame.max_bytes() + Header::LEN);
        drop(state);

        // Outside the lock: this is the copy of a whole batch.
        let Some(batch) = self.frame.cut(reader, |scope| self.encoded_scope(scope)) else {
            unreachable!("what was admitted fits into a request");
        };
        let mut state = self.lock();
        if state.phase == Phase::Closed {
            return Next::Closed;
        }
        state.waiting.take(batch.load());
        state.in_flight = batch.load();
        state.perhaps_taken = false;
        state.pressed = false;
        state.waiting_since = (state.waiting.entries > 0).then_some(now);
        state.blocks.take_back(reader);
        drop(state);
        reader.shrink();
        Next::Send(batch)
    }

    fn encoded_scope(&self, scope: u32) -> Arc<EncodedScope> {
        Arc::clone(self.lock().scopes.get(scope))
    }

    pub(super) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// An attempt begins: from now on the collector may have the batch in flight.
    pub(super) fn sending(&self) {
        self.lock().perhaps_taken = true;
    }

    /// An attempt is over.
    pub(super) fn attempted(
        &self,
        took: Duration,
        count: impl FnOnce(&mut Attempts),
        perhaps_taken: bool,
        error: Option<String>,
    ) {
        let mut state = self.lock();
        count(&mut state.attempts);
        for observe in &state.observers.0 {
            observe(took);
        }
        state.perhaps_taken = perhaps_taken;
        let now = SystemTime::now();
        match error {
            Some(text) => state.last_error = Some(ExportError::new(text, now)),
            None => state.last_success = Some(now),
        }
    }

    /// The collector took a batch, and had something to say about it.
    pub(super) fn noticed(&self, text: String) {
        self.lock().last_error = Some(ExportError::new(text, SystemTime::now()));
    }

    /// The batch in flight has come to its end. Nothing happens if the queue was closed meanwhile, which settled it.
    pub(super) fn settle(&self, outcome: Settled) {
        let mut state = self.lock();
        self.settle_in_flight(&mut state, outcome);
    }

    fn settle_in_flight(&self, state: &mut State, outcome: Settled) {
        let batch = std::mem::take(&mut state.in_flight);
        state.done += batch.entries;
        state.perhaps_taken = false;
        let lost = match outcome {
            Settled::Exported { rejected } => {
                let rejected = rejected.min(batch.records);
                state.exported += batch.records - rejected;
                state.dropped.add(DropReason::Rejected, rejected);
                rejected
            }
            Settled::Dropped(reason) => {
                state.dropped.add(reason, batch.records);
                batch.records
            }
        };
        if lost > 0 {
            self.lost.notify_one();
        }
        self.settled.notify_all();
    }

    /// The lane panicked: whatever it held is lost, and so is what waits, because nobody knows how far the lane had read.
    pub(super) fn abandon(&self, cause: String) {
        let mut state = self.lock();
        state.last_error = Some(ExportError::new(cause, SystemTime::now()));
        self.drop_all(&mut state, DropReason::ExportFailed);
    }

    // Those who stop.

    /// Asks for everything that was pushed before now to be sent, and returns the number up to which [`wait`](Self::wait) is to
    /// wait. None in a forked child.
    pub(super) fn flush(&self) -> Option<u64> {
        if !self.process.is_current() {
            return None;
        }
        let mut state = self.lock();
        state.flush_below = state.pushed;
        let until = state.pushed;
        drop(state);
        self.wake.notify_one();
        Some(until)
    }

    /// Waits until all that was pushed before `until` is done; false if it was not by `deadline`.
    pub(super) fn wait(&self, until: u64, deadline: Instant) -> bool {
        self.wait_for(deadline, |state| state.done >= until)
    }

    /// Takes nothing more, and has what is here sent until `deadline`.
    pub(super) fn begin_close(&self, deadline: Instant) {
        if !self.process.is_current() {
            return;
        }
        let mut state = self.lock();
        match state.phase {
            Phase::Open => state.phase = Phase::Closing(deadline),
            Phase::Closing(earlier) => state.phase = Phase::Closing(earlier.min(deadline)),
            Phase::Closed => return,
        }
        self.open.store(false, Ordering::Relaxed);
        drop(state);
        self.wake.notify_one();
    }

    /// Waits until the lane has sent everything; at `deadline`, what it has not sent is lost.
    pub(super) fn finish_close(&self, deadline: Instant) {
        if !self.process.is_current() {
            return;
        }
        if !self.wait_for(deadline, |state| state.phase == Phase::Closed) {
            self.close_now();
        }
    }

    /// Drops what is here.
    pub(super) fn close_now(&self) {
        let mut state = self.lock();
        self.close(&mut state);
        drop(state);
        self.wake.notify_one();
    }

    fn close(&self, state: &mut State) {
        state.phase = Phase::Closed;
        self.open.store(false, Ordering::Relaxed);
        self.drop_all(state, DropReason::Shutdown);
    }

    fn drop_all(&self, state: &mut State, reason: DropReason) {
        let in_flight = if state.perhaps_taken {
            DropReason::Unknown
        } else {
            reason
        };
        let waiting = std::mem::take(&mut state.waiting);
        state.blocks.clear();
        state.waiting_since = None;
        state.done += waiting.entries;
        state.dropped.add(reason, waiting.records);
        if waiting.records > 0 {
            self.lost.notify_one();
        }
        self.settle_in_flight(state, Settled::Dropped(in_flight));
    }

    fn wait_for(&self, deadline: Instant, done: impl Fn(&State) -> bool) -> bool {
        let mut state = self.lock();
        while !done(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.settled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    // Those who look.

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

impl Batch {
    fn load(&self) -> Load {
        Load {
            entries: self.entries,
            records: self.records,
            bytes: self.bytes,
        }
    }
}
