use std::fmt;
use std::time::Duration;

/// How a job ended. The set is closed by the metric catalogue (`jobs_completed_total{status=…}`).
///
/// ```
/// use omtx_context::JobStatus;
///
/// let labels: Vec<_> = JobStatus::ALL.iter().map(|status| status.as_str()).collect();
/// assert_eq!(labels, ["completed", "failed", "cancelled", "panicked"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// It returned `Ok`, or was told to [`succeed`](crate::RunningJob::succeed).
    Completed,
    /// It returned an error, or was told to [`fail`](crate::RunningJob::fail).
    Failed,
    /// It was dropped before its end, queued or running, or said that it was cancelled.
    Cancelled,
    /// It panicked; the unwind went on.
    Panicked,
}

impl JobStatus {
    /// Every status, in the order of the catalogue.
    pub const ALL: [Self; 4] = [
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Panicked,
    ];

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
        }
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A stage that a job has left or is in: its name and how long it took (so far).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageTime {
    /// The name given to [`stage`](crate::stage).
    pub name: &'static str,
    /// Time spent in it.
    pub elapsed: Duration,
}

/// The one end of a job, as [`JobObserver::on_end`](crate::JobObserver::on_end) gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobEnd {
    /// How it ended.
    pub status: JobStatus,
    /// Why: set for [`Failed`](JobStatus::Failed) (`"error"` unless said otherwise) and
    /// [`Panicked`](JobStatus::Panicked) (`"panic"`), fit for a label.
    pub reason: Option<&'static str>,
    /// From submission to start, or to the end of a job that never started.
    pub queued: Duration,
    /// From start to end; `None` when it never started.
    pub run: Option<Duration>,
    /// The stage that it ended in.
    pub stage: Option<StageTime>,
}
