use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::writer::Batch;
use crate::{Counters, Severity};

/// Where finished lines go: the seam between the layer, which encodes, and a writer, which performs I/O.
///
/// A closure `Fn(Severity, &[u8])` is a sink, and so is an `Arc` of one. `()` discards.
///
/// ```
/// use omtx_logging::{Severity, Sink};
/// use std::sync::Mutex;
///
/// static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// let sink = |_: Severity, line: &[u8]| LINES.lock().unwrap().push(String::from_utf8_lossy(line).into_owned());
/// sink.write(Severity::Info, b"{}\n");
/// assert_eq!(*LINES.lock().unwrap(), ["{}\n"]);
/// ```
pub trait Sink: Send + Sync + 'static {
    /// Takes one whole line, its newline included, on the thread that logs.
    ///
    /// It should not wait for a slow destination, and must not panic. What it cannot take it counts with
    /// [`Counters::dropped`].
    fn write(&self, severity: Severity, line: &[u8]);

    /// Takes several lines, on a thread that may wait for the destination: a [`Queue`](crate::writer::Queue)'s. One after
    /// the other by default.
    fn write_batch(&self, batch: &mut Batch) {
        while let Some((severity, line)) = batch.take_line() {
            self.write(severity, line);
        }
    }

    /// The same for a line that must be at its destination when the call returns: a panic's. Past any queue by default
    /// as far as [`write`](Self::write) followed by [`flush`](Self::flush) goes.
    fn write_now(&self, severity: Severity, line: &[u8], deadline: Instant) {
        self.write(severity, line);
        let _ = self.flush(deadline);
    }

    /// Waits until all lines taken so far are at their destination, or the deadline has passed.
    fn flush(&self, deadline: Instant) -> Flushed {
        let _ = deadline;
        Flushed::default()
    }

    /// Called once, before the first line, with the counts to keep.
    fn attach(&self, counters: &Arc<Counters>) {
        let _ = counters;
    }
}

/// What a flush came to.
///
/// ```
/// use omtx_logging::Flushed;
///
/// assert!(Flushed::default().is_complete());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "lines may be left"]
pub struct Flushed {
    lines_left: u64,
}

impl Flushed {
    /// So many lines are still on their way, or are lost.
    pub const fn with_lines_left(lines: u64) -> Self {
        Self { lines_left: lines }
    }

    /// Lines that did not reach their destination in time.
    #[must_use]
    pub const fn lines_left(self) -> u64 {
        self.lines_left
    }

    /// Whether every line did.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        self.lines_left == 0
    }
}

impl<F: Fn(Severity, &[u8]) + Send + Sync + 'static> Sink for F {
    fn write(&self, severity: Severity, line: &[u8]) {
        self(severity, line);
    }
}

/// Discards.
impl Sink for () {
    fn write(&self, _: Severity, _: &[u8]) {}
}

impl<S: Sink + ?Sized> Sink for Arc<S> {
    fn write(&self, severity: Severity, line: &[u8]) {
        S::write(self, severity, line);
    }

    fn write_batch(&self, batch: &mut Batch) {
        S::write_batch(self, batch);
    }

    fn write_now(&self, severity: Severity, line: &[u8], deadline: Instant) {
        S::write_now(self, severity, line, deadline);
    }

    fn flush(&self, deadline: Instant) -> Flushed {
        S::flush(self, deadline)
    }

    fn attach(&self, counters: &Arc<Counters>) {
        S::attach(self, counters);
    }
}

/// A sink that keeps what it is given, for tests. Clones share the lines.
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Severity, Sink};
///
/// let lines = Lines::default();
/// lines.write(Severity::Info, b"{\"message\":\"hello\"}\n");
/// assert_eq!(lines.take(), ["{\"message\":\"hello\"}"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// The lines since the last call, without their newlines.
    ///
    /// # Panics
    ///
    /// If a line is not UTF-8, or is not exactly one line.
    #[must_use]
    #[track_caller]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
            .into_iter()
            .map(|line| {
                let line = line.strip_suffix('\n').expect("a line ends with a newline");
                assert!(!line.contains('\n'), "more than one line: {line}");
                line.to_owned()
            })
            .collect()
    }
}

impl Sink for Lines {
    fn write(&self, _: Severity, line: &[u8]) {
        let line = std::str::from_utf8(line).expect("a line is UTF-8");
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line.to_owned());
    }
}
