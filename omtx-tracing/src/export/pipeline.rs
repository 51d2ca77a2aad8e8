//! What those hold who have records.

use std::sync::Arc;
use std::time::Instant;

use opentelemetry::InstrumentationScope;

use super::queue::{AttemptObserver, Queue};
use super::{DropReason, ScopeId, SignalStats, on_exporter_thread};
use crate::Signal;

/// One signal's way to the collector, as those see it who have records. Clones share it, and none keeps the exporter running.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(super) queue: Arc<Queue>,
}

impl Pipeline {
    pub(crate) fn signal(&self) -> Signal {
        self.queue.signal()
    }

    /// The id of a scope; the same scope has the same id. To be asked for once, not for every record.
    pub(crate) fn scope(&self, scope: &InstrumentationScope) -> ScopeId {
        self.queue.scope(scope)
    }

    /// Counts records that were begun, before it is known what becomes of them.
    #[inline]
    pub(crate) fn created(&self, records: u64) {
        self.queue.created(records);
    }

    /// Takes one encoded `Span`, `LogRecord` or `Metric`, which stands for `records` records (of a metric, its points). Never
    /// waits for I/O; what it cannot keep it counts.
    #[inline]
    pub(crate) fn push(&self, scope: ScopeId, encoded: &[u8], records: u32) {
        self.queue.push(scope, encoded, records);
    }

    /// Counts records that were begun and given up before they came to [`push`](Self::push).
    pub(crate) fn dropped(&self, reason: DropReason, records: u64) {
        self.queue.dropped(reason, records);
    }

    /// True if records of both go the same way.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.queue, &other.queue)
    }

    /// False once the exporter was shut down: whatever is pushed will be dropped, and need not be encoded.
    pub(crate) fn is_open(&self) -> bool {
        self.queue.is_open()
    }

    /// Sends what was pushed before now, of this signal alone, and waits until it is settled; false if that is not by `deadline`,
    /// or if there is nobody to wait for.
    pub(crate) fn flush(&self, deadline: Instant) -> bool {
        let asked = (!on_exporter_thread()).then(|| self.queue.flush());
        asked
            .flatten()
            .is_some_and(|until| self.queue.wait(until, deadline))
    }

    /// Has this called after every attempt, on the exporter's thread, with how long it took.
    pub(crate) fn observe_attempts(&self, observer: AttemptObserver) {
        self.queue.observe_attempts(observer);
    }

    #[cfg(test)]
    pub(crate) fn batching(&self) -> &crate::Batching {
        self.queue.batching()
    }

    pub(crate) fn stats(&self) -> SignalStats {
        self.queue.stats()
    }
}
