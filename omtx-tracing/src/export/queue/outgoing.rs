//! What the lane takes, and what it says became of it.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::Queue;
use super::state::{LaneState, Phase, State};
use crate::export::blocks::{Header, Reader};
use crate::export::request::Batch;
use crate::export::scopes::EncodedScope;
use crate::export::stats::{Attempts, ExportError};
use crate::export::{DropReason, later};

/// What the lane is to do.
#[derive(Debug)]
pub(in crate::export) enum Next {
    Send(Batch),
    /// Look again at this time, or when woken.
    Wait(Option<Instant>),
    Closed,
}

/// What became of a batch.
#[derive(Debug)]
pub(in crate::export) enum Settled {
    Exported { rejected: u64 },
    Dropped(DropReason),
}

impl Queue {
    /// Resolves when something has changed that the lane may want to know; perhaps without a change.
    pub(in crate::export) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// The next batch, once it is full, old or wanted. It is in flight from then on.
    pub(in crate::export) fn next(&self, reader: &mut Reader, now: Instant) -> Next {
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
        let due = later(*state.waiting_since.get_or_insert(now), self.batching.delay);
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

    pub(in crate::export) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// An attempt begins: from now on the collector may have the batch in flight.
    pub(in crate::export) fn sending(&self) {
        self.lock().perhaps_taken = true;
    }

    /// An attempt is over.
    pub(in crate::export) fn attempted(
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
    pub(in crate::export) fn noticed(&self, text: String) {
        self.lock().last_error = Some(ExportError::new(text, SystemTime::now()));
    }

    /// The batch in flight has come to its end. Nothing happens if the queue was closed meanwhile, which settled it.
    pub(in crate::export) fn settle(&self, outcome: Settled) {
        let mut state = self.lock();
        self.settle_in_flight(&mut state, outcome);
    }

    pub(super) fn settle_in_flight(&self, state: &mut State, outcome: Settled) {
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
    pub(in crate::export) fn abandon(&self, cause: String) {
        let mut state = self.lock();
        state.last_error = Some(ExportError::new(cause, SystemTime::now()));
        self.drop_all(&mut state, DropReason::ExportFailed);
    }
}
