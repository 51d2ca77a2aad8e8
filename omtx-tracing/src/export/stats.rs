//! What became of everything, as numbers.

use std::fmt;
use std::time::SystemTime;

use super::Dropped;
use crate::Signal;

/// What became of the records of every signal, at one moment.
///
/// ```
/// use omtx_tracing::{Signal, Stats};
///
/// let nothing_is_exported = Stats::default();
/// assert!(nothing_is_exported.of(Signal::Traces).is_none());
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Spans; none if no spans are exported.
    pub traces: Option<SignalStats>,
    /// Metric points; none if no metrics are exported.
    pub metrics: Option<SignalStats>,
    /// Log records; none if no log records are exported.
    pub logs: Option<SignalStats>,
}

impl Stats {
    /// One signal's numbers; none if it is not exported.
    #[must_use]
    pub fn of(&self, signal: Signal) -> Option<&SignalStats> {
        match signal {
            Signal::Traces => self.traces.as_ref(),
            Signal::Metrics => self.metrics.as_ref(),
            Signal::Logs => self.logs.as_ref(),
        }
    }

    pub(super) fn set(&mut self, signal: Signal, stats: SignalStats) {
        match signal {
            Signal::Traces => self.traces = Some(stats),
            Signal::Metrics => self.metrics = Some(stats),
            Signal::Logs => self.logs = Some(stats),
        }
    }
}

/// What became of the records of one signal: spans, metric points or log records.
///
/// At every moment `created = open() + waiting_records + in_flight_records + exported + dropped.total()`.
///
/// ```
/// use omtx_tracing::SignalStats;
///
/// let stats = SignalStats::default();
/// assert_eq!((stats.created, stats.open()), (0, 0));
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SignalStats {
    /// Records that were begun.
    pub created: u64,
    /// Records that the collector said it took.
    pub exported: u64,
    /// Records that were lost.
    pub dropped: Dropped,
    /// Records that are in the queue.
    pub waiting_records: u64,
    /// The bytes of those, with 12 for each.
    pub waiting_bytes: usize,
    /// Records of the batch that is being sent, or waits to be sent again.
    pub in_flight_records: u64,
    /// The bytes of those, with 12 for each.
    pub in_flight_bytes: usize,
    /// How often something was sent, by the answer.
    pub attempts: Attempts,
    /// When the collector last took a batch.
    pub last_success: Option<SystemTime>,
    /// What last went wrong; kept after it is well again.
    pub last_error: Option<ExportError>,
}

impl SignalStats {
    /// Records that were begun and have not ended: spans that are still open.
    #[must_use]
    pub fn open(&self) -> u64 {
        let ended =
            self.exported + self.dropped.total() + self.waiting_records + self.in_flight_records;
        self.created.saturating_sub(ended)
    }
}

/// How often requests were sent, by the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempts {
    /// The collector took it, perhaps but for some records.
    pub accepted: u64,
    /// The collector did not take it, and may take it later; or could not be reached.
    pub retryable: u64,
    /// The collector will never take it.
    pub refused: u64,
    /// No answer came.
    pub unknown: u64,
}

impl Attempts {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.accepted + self.retryable + self.refused + self.unknown
    }
}

/// What went wrong when something was exported, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportError {
    text: String,
    at: SystemTime,
}

impl ExportError {
    /// What a collector says is cut here.
    const MAX_TEXT: usize = 1024;

    pub(super) fn new(mut text: String, at: SystemTime) -> Self {
        if text.len() > Self::MAX_TEXT {
            let mut end = Self::MAX_TEXT;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.shrink_to_fit();
        }
        Self { text, at }
    }

    /// What went wrong, in the words of the collector or of the connection; 1024 bytes at most.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// When the attempt was over.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
