//! A bounded queue between the threads that log and a destination that may be slow.

mod exit;
mod options;
mod ring;
mod shared;
mod state;
mod thread;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

pub use options::{
    DEFAULT_EXIT_DEADLINE, DEFAULT_LINGER, DEFAULT_MAX_BYTES, DEFAULT_MAX_LINES, QueueOptions,
};

use crate::deadline::after;
use crate::{Counters, Error, Flushed, Severity, Sink};
use shared::Shared;

/// Takes lines in memory and writes them on a thread of its own, several at once.
///
/// A thread that logs never waits for the destination, and allocates nothing once the queue is as large as its busiest
/// moment. What waits is bounded by lines ([`DEFAULT_MAX_LINES`]) and by bytes ([`DEFAULT_MAX_BYTES`]).
///
/// **When it is full**, a line of INFO or below is dropped. A line of WARNING or above takes the place of the oldest lines
/// of INFO and below, and is dropped only if there are none: whatever the flood, warnings are lost last. Every line that is
/// lost is counted by its severity, with the reason `queue_full`.
///
/// Lines keep their order. The thread writes what has gathered every [`DEFAULT_LINGER`], and sleeps when nothing has come for
/// a while: threads of a busy service never pay for waking it. A destination that panics costs the
/// line that it was handling (`panicked`), and the next is written.
///
/// **When the process ends.** `main` that returns and `std::process::exit` write what is left, for
/// [`DEFAULT_EXIT_DEADLINE`] at most; so does the last handle that is dropped. Lines after that are counted as `shutdown`.
/// A forked child has neither the parent's thread nor its lines: it writes each of its own straight to the destination.
///
/// Clones share the queue.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Severity, Sink, writer::Queue};
///
/// let lines = Lines::default();
/// let queue = Queue::new(lines.clone())?;
/// queue.write(Severity::Info, b"{\"message\":\"hello\"}\n");
/// assert!(queue.flush(Instant::now() + Duration::from_secs(10)).is_complete());
/// assert_eq!(lines.take(), ["{\"message\":\"hello\"}"]);
/// # Ok::<(), omtx_logging::Error>(())
/// ```
#[derive(Clone)]
pub struct Queue {
    handle: Arc<Handle>,
}

/// Shuts the queue down with the last of its handles; the thread holds none.
struct Handle {
    shared: Arc<Shared>,
}

impl Queue {
    /// A queue in front of `destination`, with the defaults.
    ///
    /// # Errors
    ///
    /// If the operating system refuses a thread.
    pub fn new(destination: impl Sink) -> Result<Self, Error> {
        Self::options().start(destination)
    }

    /// The bounds and times of a queue.
    pub fn options() -> QueueOptions {
        QueueOptions::default()
    }

    fn start(shared: Shared) -> Result<Self, Error> {
        let refused = |error| Error::io("start the thread that writes log lines", error);
        super::fork::watch().map_err(refused)?;
        let shared = Arc::new(shared);
        let of_thread = shared.clone();
        std::thread::Builder::new()
            .name("omtx-log".into())
            .spawn(move || thread::run(&of_thread))
            .map_err(refused)?;
        exit::drain_at_exit(&shared);
        Ok(Self {
            handle: Arc::new(Handle { shared }),
        })
    }

    /// Writes what is left and ends the thread. What the deadline does not allow is lost, and counted as `shutdown`.
    ///
    /// Lines that come later are written straight to the destination if everything was written in time, and are dropped
    /// and counted if not. A second call does nothing.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use omtx_logging::testing::Lines;
    /// use omtx_logging::{Severity, Sink, writer::Queue};
    ///
    /// let lines = Lines::default();
    /// let queue = Queue::new(lines.clone())?;
    /// queue.write(Severity::Info, b"first\n");
    /// assert!(queue.shutdown(Instant::now() + Duration::from_secs(10)).is_complete());
    /// queue.write(Severity::Info, b"second\n");
    /// assert_eq!(lines.take(), ["first", "second"]);
    /// # Ok::<(), omtx_logging::Error>(())
    /// ```
    pub fn shutdown(&self, deadline: Instant) -> Flushed {
        self.handle.shared.shutdown(deadline)
    }
}

impl Sink for Queue {
    #[inline]
    fn write(&self, severity: Severity, line: &[u8]) {
        let shared = &self.handle.shared;
        if shared.is_inherited() {
            shared.destination.write(severity, line);
        } else {
            shared.push(severity, line);
        }
    }

    fn write_now(&self, severity: Severity, line: &[u8], deadline: Instant) {
        let shared = &self.handle.shared;
        if shared.is_inherited() {
            shared.destination.write_now(severity, line, deadline);
        } else {
            shared.push(severity, line);
            shared.flush_unless_stuck(deadline);
        }
    }

    fn flush(&self, deadline: Instant) -> Flushed {
        self.handle.shared.flush(deadline)
    }

    fn attach(&self, counters: &Arc<Counters>) {
        self.handle.shared.attached.attach(counters);
        self.handle.shared.destination.attach(counters);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.shared.shutdown(after(self.shared.at_exit));
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}
