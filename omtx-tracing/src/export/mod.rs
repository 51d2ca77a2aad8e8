//! From finished records to a collector: queues with bounds, one thread, and a count for every loss.

use std::sync::Arc;

use opentelemetry::InstrumentationScope;

use crate::Signal;

/// Which instrumentation scope a record belongs to, in one [`Pipeline`]; scopes beyond a bound share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ScopeId(pub(crate) u32);

/// One signal's way to the collector, as those see it who have records. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    signal: Signal,
}

impl Pipeline {
    /// The id of a scope; the same scope has the same id. To be asked for once, not for every record.
    pub(crate) fn scope(&self, scope: &InstrumentationScope) -> ScopeId {
        let _ = scope;
        ScopeId(0)
    }

    /// Counts records that were begun, before it is known what becomes of them.
    pub(crate) fn created(&self, records: u64) {
        let _ = records;
    }

    /// Takes one encoded `Span`, `LogRecord` or `Metric`, which stands for `records` records (of a metric, its points). Never
    /// waits for I/O; what it cannot keep it counts.
    pub(crate) fn push(&self, scope: ScopeId, encoded: &[u8], records: u32) {
        let _ = (scope, encoded, records);
    }

    /// Counts records that were begun and given up before they came to [`push`](Self::push).
    pub(crate) fn dropped(&self, reason: DropReason, records: u64) {
        let _ = (reason, records);
    }
}

/// Why records were lost: the `reason` of `omtx_trace_spans_dropped_total` and its siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue held as many records as it may.
    QueueFull,
    /// The queue held as many bytes as it may, or the record alone was longer than a request may be.
    Bytes,
    /// The collector did not take them, and either said that it never will, or did not until the time for it was over.
    ExportFailed,
    /// The collector took the batch, and refused these ("Partial Success").
    Rejected,
    /// They were sent and no answer came: the collector may have them.
    Unknown,
    /// They were still waiting, or ended, when the exporter was shut down.
    Shutdown,
}
