use std::time::Duration;

use super::Queue;
use super::shared::Shared;
use super::state::Limits;
use crate::{Error, Sink};

/// How many lines a [`Queue`] holds unless told otherwise: 65 536.
pub const DEFAULT_MAX_LINES: usize = 65_536;

/// How many bytes of lines a [`Queue`] holds unless told otherwise: 8 MiB.
pub const DEFAULT_MAX_BYTES: usize = 8 * 1024 * 1024;

/// How long a [`Queue`] lets lines gather before it writes the first of them, unless told otherwise: 1 ms.
pub const DEFAULT_LINGER: Duration = Duration::from_millis(1);

/// How long the end of the process, or the drop of the last handle, waits for a [`Queue`] unless told otherwise: 1 s.
pub const DEFAULT_EXIT_DEADLINE: Duration = Duration::from_secs(1);

/// The bounds and times of a [`Queue`].
///
/// ```
/// use omtx_logging::writer::{Direct, Queue};
///
/// let queue = Queue::options().max_lines(10_000).max_bytes(1024 * 1024).start(Direct::stderr())?;
/// # drop(queue);
/// # Ok::<(), omtx_logging::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "call `start`"]
pub struct QueueOptions {
    limits: Limits,
    linger: Duration,
    exit_deadline: Duration,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            limits: Limits {
                lines: DEFAULT_MAX_LINES,
                bytes: DEFAULT_MAX_BYTES,
            },
            linger: DEFAULT_LINGER,
            exit_deadline: DEFAULT_EXIT_DEADLINE,
        }
    }
}

impl QueueOptions {
    /// Holds at most so many lines; [`DEFAULT_MAX_LINES`] by default. 0 drops every line.
    pub fn max_lines(mut self, lines: usize) -> Self {
        self.limits.lines = lines;
        self
    }

    /// Holds at most so many bytes of lines; [`DEFAULT_MAX_BYTES`] by default. A line that is longer is dropped.
    ///
    /// Up to 64 KiB more are on their way to the destination. The memory grows as it is needed, to no more than about
    /// four times this in the worst case, and is kept.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Lets lines gather for so long before the first of them is written; [`DEFAULT_LINGER`] by default.
    ///
    /// It is how long a line may take to appear, and what a process that is killed loses even if its destination is fast. A
    /// flush, the end, and 64 KiB of lines cut it short. With 0 each line that finds the thread asleep wakes it at once.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Waits at most so long for the destination when the process ends, or the last handle is dropped;
    /// [`DEFAULT_EXIT_DEADLINE`] by default.
    pub fn exit_deadline(mut self, deadline: Duration) -> Self {
        self.exit_deadline = deadline;
        self
    }

    /// Starts the thread that writes to `destination`.
    ///
    /// # Errors
    ///
    /// If the operating system refuses a thread.
    pub fn start(self, destination: impl Sink) -> Result<Queue, Error> {
        Queue::start(Shared::new(
            self.limits,
            self.linger,
            self.exit_deadline,
            Box::new(destination),
        ))
    }
}
