//! What was written, and what was lost on the way.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::Severity;

/// Why a line was not written.
///
/// The label `reason` of `omtx_log_lines_dropped_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was full.
    QueueFull,
    /// Nobody reads any more: a closed pipe, a daemon that is gone.
    Closed,
    /// The destination was full, and is set not to block.
    WouldBlock,
    /// The disk is full, or a quota or the limit on the size of a file was reached.
    DiskFull,
    /// The destination refused it for another reason.
    WriteError,
    /// The destination's code panicked over it.
    Panicked,
    /// The callsite logged more often than its limit allows.
    RateLimited,
    /// A value's `Debug` or the destination logged, again and again from within itself.
    Recursion,
    /// The process ended before it was written.
    Shutdown,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::QueueFull,
        Self::Closed,
        Self::WouldBlock,
        Self::DiskFull,
        Self::WriteError,
        Self::Panicked,
        Self::RateLimited,
        Self::Recursion,
        Self::Shutdown,
    ];

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Closed => "closed",
            Self::WouldBlock => "would_block",
            Self::DiskFull => "disk_full",
            Self::WriteError => "write_error",
            Self::Panicked => "panicked",
            Self::RateLimited => "rate_limited",
            Self::Recursion => "recursion",
            Self::Shutdown => "shutdown",
        }
    }
}

const SEVERITIES: usize = Severity::ALL.len();
const REASONS: usize = DropReason::ALL.len();

/// Threads that log at the same time do not share a cache line, as long as there are no more than this.
const STRIPES: usize = 16;

/// The counts of one [`Logging`](crate::Logging), shared by the layer, the [`Sink`](crate::Sink) and the safety nets.
///
/// A [`Sink`](crate::Sink) gets it in [`attach`](crate::Sink::attach), and counts in it what it drops.
///
/// ```
/// use omtx_logging::{Counters, DropReason, Severity};
///
/// let counters = Counters::default();
/// counters.dropped(Severity::Info, DropReason::QueueFull, 2);
/// assert_eq!(counters.stats().dropped(Severity::Info, DropReason::QueueFull), 2);
/// ```
#[derive(Debug, Default)]
pub struct Counters {
    written: [Written; STRIPES],
    dropped: [[AtomicU64; REASONS]; SEVERITIES],
    values_truncated: AtomicU64,
    fields_collided: AtomicU64,
    values_lost: AtomicU64,
}

/// What every line counts.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Written {
    lines: [AtomicU64; SEVERITIES],
    bytes: AtomicU64,
}

impl Counters {
    /// A line of this many bytes was handed to the sink.
    #[inline]
    pub(crate) fn line(&self, severity: Severity, bytes: usize) {
        let stripe = &self.written[stripe()];
        stripe.lines[severity as usize].fetch_add(1, Relaxed);
        stripe.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// `lines` were lost.
    #[cold]
    pub fn dropped(&self, severity: Severity, reason: DropReason, lines: u64) {
        self.dropped[severity as usize][reason as usize].fetch_add(lines, Relaxed);
    }

    /// A value was cut, or a field left out, because the line would have become too long.
    #[cold]
    pub(crate) fn value_truncated(&self) {
        self.values_truncated.fetch_add(1, Relaxed);
    }

    /// A field was moved out of the way of another.
    #[cold]
    pub(crate) fn fields_collided(&self, fields: u64) {
        self.fields_collided.fetch_add(fields, Relaxed);
    }

    /// A value's `Debug`, `Display` or `Serialize` panicked or failed.
    #[cold]
    pub(crate) fn values_lost(&self, values: u64) {
        self.values_lost.fetch_add(values, Relaxed);
    }

    /// The totals now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            values_truncated: self.values_truncated.load(Relaxed),
            fields_collided: self.fields_collided.load(Relaxed),
            values_lost: self.values_lost.load(Relaxed),
            context_misuse: omtx_context::Losses::total().guards_outlived,
            ..Stats::default()
        };
        for stripe in &self.written {
            stats.bytes += stripe.bytes.load(Relaxed);
            for (sum, lines) in stats.lines.iter_mut().zip(&stripe.lines) {
                *sum += lines.load(Relaxed);
            }
        }
        for (sums, dropped) in stats.dropped.iter_mut().zip(&self.dropped) {
            for (sum, lines) in sums.iter_mut().zip(dropped) {
                *sum = lines.load(Relaxed);
            }
        }
        stats
    }
}

/// Which stripe this thread counts in.
#[inline]
fn stripe() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static STRIPE: usize = NEXT.fetch_add(1, Relaxed) % STRIPES);
    STRIPE.try_with(|stripe| *stripe).unwrap_or(0)
}

/// Totals since the start: `omtx_log_*` as metrics.
///
/// ```
/// use omtx_logging::Stats;
///
/// assert_eq!(Stats::default().lines_total(), 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    lines: [u64; SEVERITIES],
    dropped: [[u64; REASONS]; SEVERITIES],
    /// Bytes of all lines that were handed to the sink.
    pub bytes: u64,
    /// Values cut, and fields left out, for the limits on values and lines.
    pub values_truncated: u64,
    /// Fields moved to `fields.<key>` because their key is reserved, or is an object in the same line.
    pub fields_collided: u64,
    /// Values whose `Debug`, `Display` or `Serialize` panicked or failed.
    pub values_lost: u64,
    /// Scope guards that were held across an `.await`, in the whole process.
    pub context_misuse: u64,
}

impl Stats {
    /// Lines of one severity that were handed to the sink.
    #[must_use]
    pub fn lines(&self, severity: Severity) -> u64 {
        self.lines[severity as usize]
    }

    /// Lines of all severities.
    #[must_use]
    pub fn lines_total(&self) -> u64 {
        self.lines.iter().sum()
    }

    /// Lines that were lost, by severity and reason.
    #[must_use]
    pub fn dropped(&self, severity: Severity, reason: DropReason) -> u64 {
        self.dropped[severity as usize][reason as usize]
    }

    /// Lines that were lost.
    #[must_use]
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().flatten().sum()
    }
}
