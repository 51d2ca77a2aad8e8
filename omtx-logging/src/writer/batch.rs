//! Lines that are written together.

use crate::Severity;

/// Lines on their way to a [`Writer`](crate::Sink), taken one by one or several at once.
///
/// What has been taken is the sink's: it wrote the line, or counted it as dropped. A line that was being handled when a
/// writer panicked is counted by the queue, and the lines after it are offered again.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    lines: Vec<Line>,
    /// How many lines, and of how many bytes together, have been taken.
    taken: usize,
    start: usize,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    severity: Severity,
    end: usize,
}

impl Batch {
    /// A batch of these lines, each with its line feed.
    ///
    /// ```
    /// use omtx_logging::{Severity, writer::Batch};
    ///
    /// let mut batch = Batch::from_lines([(Severity::Info, "one\n"), (Severity::Error, "two\n")]);
    /// assert_eq!(batch.take_line(), Some((Severity::Info, "one\n".as_bytes())));
    /// assert_eq!(batch.len(), 1);
    /// ```
    #[must_use]
    pub fn from_lines<L: AsRef<[u8]>>(lines: impl IntoIterator<Item = (Severity, L)>) -> Self {
        let mut batch = Self::default();
        for (severity, line) in lines {
            batch.push_parts(severity, line.as_ref(), &[]);
        }
        batch
    }

    /// How many lines are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len() - self.taken
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next line with its severity and its line feed.
    pub fn take_line(&mut self) -> Option<(Severity, &[u8])> {
        let line = *self.lines.get(self.taken)?;
        let start = self.start;
        self.taken += 1;
        self.start = line.end;
        Some((line.severity, &self.bytes[start..line.end]))
    }

    /// As many whole lines as fit into `limit` bytes, one line at the least; empty when none is left. They stay in the
    /// batch: [`take_line`](Self::take_line) takes those that were written.
    pub(super) fn peek(&self, limit: usize) -> &[u8] {
        let mut end = self.start;
        for line in &self.lines[self.taken..] {
            if line.end - self.start > limit && end > self.start {
                break;
            }
            end = line.end;
        }
        &self.bytes[self.start..end]
    }

    /// The bytes of all lines that are left.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// The line that was taken last.
    pub(super) fn last_taken(&self) -> Option<Severity> {
        let last = self.taken.checked_sub(1)?;
        Some(self.lines[last].severity)
    }

    /// How many lines of each severity are left.
    pub(super) fn by_severity(&self) -> [u64; Severity::ALL.len()] {
        let mut lines = [0; Severity::ALL.len()];
        for line in &self.lines[self.taken..] {
            lines[line.severity as usize] += 1;
        }
        lines
    }

    pub(super) fn push_parts(&mut self, severity: Severity, front: &[u8], back: &[u8]) {
        self.bytes.extend_from_slice(front);
        self.bytes.extend_from_slice(back);
        self.lines.push(Line {
            severity,
            end: self.bytes.len(),
        });
    }

    /// Empty again, with the memory that it had.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.lines.clear();
        self.taken = 0;
        self.start = 0;
    }
}
