/// The reason of a failure that gave none.
pub const DEFAULT_REASON: &str = "error";

/// The reason of a panic.
pub(super) const PANIC_REASON: &str = "panic";

/// Says why an error failed a job, in a word fit for a metric label.
///
/// A static string keeps the label bounded: the message with its ids and paths belongs in the log line.
///
/// ```
/// use omtx_context::{FailureReason, JobSpec, Jobs};
///
/// enum AlignError {
///     TooLong(usize),
///     Worker(std::io::Error),
/// }
///
/// impl FailureReason for AlignError {
///     fn reason(&self) -> &'static str {
///         match self {
///             Self::TooLong(_) => "too_long",
///             Self::Worker(_) => "worker",
///         }
///     }
/// }
///
/// # let jobs = Jobs::new(());
/// let job = jobs.submit(JobSpec::new("align"));
/// let out = job.run_blocking_with(|| Err::<(), _>(AlignError::TooLong(70_000)), FailureReason::reason);
/// assert_eq!(out.unwrap_err().reason(), "too_long");
/// ```
pub trait FailureReason {
    /// The reason; one of few.
    fn reason(&self) -> &'static str;
}

/// What an error means for its job.
///
/// A classifier returns it, or just a reason. Cooperative cancellation comes back as an error too, but is no failure:
///
/// ```
/// use omtx_context::Failure;
///
/// let classify = |error: &&str| match *error {
///     "asked to stop" => Failure::Cancelled,
///     _ => "bad_input".into(),
/// };
/// assert_eq!(classify(&"asked to stop"), Failure::Cancelled);
/// assert_eq!(classify(&"no header line"), Failure::Failed("bad_input"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The job failed, for this reason.
    Failed(&'static str),
    /// The job was cancelled.
    Cancelled,
}

impl From<&'static str> for Failure {
    fn from(reason: &'static str) -> Self {
        Self::Failed(reason)
    }
}
