//! Why records are lost.

use std::fmt;

/// Why records were lost: the `reason` of `omtx_trace_spans_dropped_total` and its siblings.
///
/// ```
/// assert_eq!(omtx_tracing::DropReason::QueueFull.as_str(), "queue_full");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "metrics", derive(omtx_metrics::LabelValue))]
#[non_exhaustive]
pub enum DropReason {
    /// The queue held as many records as it may. The newest are dropped, not those that wait.
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

impl DropReason {
    /// Every reason, in the order in which they are documented.
    pub const ALL: [Self; 6] = [
        Self::QueueFull,
        Self::Bytes,
        Self::ExportFailed,
        Self::Rejected,
        Self::Unknown,
        Self::Shutdown,
    ];

    /// The value of the label `reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Bytes => "bytes",
            Self::ExportFailed => "export_failed",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Shutdown => "shutdown",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How many records were lost, for each [`DropReason`].
///
/// ```
/// use omtx_tracing::{DropReason, Dropped};
///
/// let none = Dropped::default();
/// assert_eq!((none.of(DropReason::QueueFull), none.total()), (0, 0));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped([u64; DropReason::ALL.len()]);

impl Dropped {
    /// Records that were lost for this reason.
    #[must_use]
    pub const fn of(&self, reason: DropReason) -> u64 {
        self.0[reason as usize]
    }

    /// Records that were lost for any reason.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Every reason for which something was lost.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL
            .into_iter()
            .map(|reason| (reason, self.of(reason)))
            .filter(|&(_, records)| records > 0)
    }

    pub(super) fn add(&mut self, reason: DropReason, records: u64) {
        self.0[reason as usize] += records;
    }

    /// What was lost since `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut since = *self;
        for (now, then) in since.0.iter_mut().zip(earlier.0) {
            *now = now.saturating_sub(then);
        }
        since
    }
}

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(
                self.iter()
                    .map(|(reason, records)| (reason.as_str(), records)),
            )
            .finish()
    }
}
