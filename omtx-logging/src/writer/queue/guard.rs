use std::time::{Duration, Instant};

use super::Queue;

/// Shuts a [`Queue`] down when it is dropped, within the time that it was made with.
///
/// ```
/// use std::time::Duration;
///
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Severity, Sink, writer::Queue};
///
/// let lines = Lines::default();
/// let queue = Queue::new(lines.clone())?;
/// {
///     let _flush = queue.flush_guard(Duration::from_secs(10));
///     queue.write(Severity::Info, b"the last words\n");
/// }
/// assert_eq!(lines.take(), ["the last words"]);
/// # Ok::<(), omtx_logging::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, it shuts the queue down at once"]
pub struct FlushGuard {
    queue: Queue,
    within: Duration,
}

impl FlushGuard {
    pub(super) fn new(queue: Queue, within: Duration) -> Self {
        Self { queue, within }
    }
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        let _ = self.queue.shut_down(Instant::now() + self.within);
    }
}
