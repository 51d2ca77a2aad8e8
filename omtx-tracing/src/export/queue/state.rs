//! What is under the lock.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use crate::export::Dropped;
use crate::export::blocks::Blocks;
use crate::export::request::Batch;
use crate::export::scopes::Scopes;
use crate::export::stats::{Attempts, ExportError};

#[derive(Debug)]
pub(super) struct State {
    pub(super) blocks: Blocks,
    pub(super) scopes: Scopes,
    pub(super) phase: Phase,
    pub(super) lane: LaneState,
    pub(super) waiting: Load,
    pub(super) in_flight: Load,
    /// True while the batch in flight is with the transport, or after it was and nobody knows what became of it.
    pub(super) perhaps_taken: bool,
    /// Records ever pushed and kept, and how many of those have come to their end; in the order of their pushes.
    pub(super) pushed: u64,
    pub(super) done: u64,
    /// Those below this number do not wait for a batch to be full or old.
    pub(super) flush_below: u64,
    /// A record was refused while a batch was filling: the queue is full before the batch is, as it is if records are long.
    pub(super) pressed: bool,
    /// When the oldest waiting record came, or the batch before it was cut.
    pub(super) waiting_since: Option<Instant>,
    pub(super) exported: u64,
    pub(super) dropped: Dropped,
    pub(super) attempts: Attempts,
    pub(super) last_success: Option<SystemTime>,
    pub(super) last_error: Option<ExportError>,
    pub(super) observers: Observers,
}

#[derive(Default)]
pub(super) struct Observers(pub(super) Vec<AttemptObserver>);

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} observers", self.0.len())
    }
}

/// Is told how long an attempt took, with the lock of the queue held: for a few atomics.
pub(crate) type AttemptObserver = Box<dyn Fn(Duration) + Send + Sync>;

/// How much there is of something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    pub(super) entries: u64,
    pub(super) records: u64,
    pub(super) bytes: usize,
}

impl Load {
    pub(super) fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.records += other.records;
        self.bytes += other.bytes;
    }

    pub(super) fn take(&mut self, other: Self) {
        self.entries -= other.entries;
        self.records -= other.records;
        self.bytes -= other.bytes;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::export) enum Phase {
    Open,
    /// Nothing more is taken; what is here is sent until this time.
    Closing(Instant),
    Closed,
}

/// What the lane is doing, so that it is woken only for what it does not know yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaneState {
    /// Waits for a record.
    Idle,
    /// Waits for a batch to be full, or old.
    Filling,
    /// Looks at the queue before it waits again.
    Busy,
}

impl State {
    pub(super) fn new(block_len: usize) -> Self {
        Self {
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
        }
    }
}

impl Batch {
    pub(super) fn load(&self) -> Load {
        Load {
            entries: self.entries,
            records: self.records,
            bytes: self.bytes,
        }
    }
}
