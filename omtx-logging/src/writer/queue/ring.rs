//! Lines in one run of bytes, oldest first.

use std::collections::VecDeque;

use crate::Severity;
use crate::writer::batch::Batch;

/// Where one line of a ring ends, and what it is.
#[derive(Clone, Copy)]
struct Mark {
    /// Its place among all lines of the queue.
    number: u64,
    len: usize,
    severity: Severity,
}

/// A growing ring of bytes: nothing is allocated for a line once the ring is as large as its busiest moment.
#[derive(Default)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
    marks: VecDeque<Mark>,
}

impl Ring {
    pub(super) fn push(&mut self, number: u64, severity: Severity, line: &[u8]) {
        self.bytes.extend(line);
        self.marks.push_back(Mark {
            number,
            len: line.len(),
            severity,
        });
    }

    pub(super) fn lines(&self) -> usize {
        self.marks.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The number of the oldest line.
    pub(super) fn first(&self) -> Option<u64> {
        self.marks.front().map(|mark| mark.number)
    }

    /// The length of the oldest line.
    pub(super) fn first_len(&self) -> Option<usize> {
        self.marks.front().map(|mark| mark.len)
    }

    /// How many lines have smaller numbers than this.
    pub(super) fn lines_before(&self, number: u64) -> usize {
        self.marks.partition_point(|mark| mark.number < number)
    }

    /// Throws the oldest line away and tells its severity.
    pub(super) fn discard_first(&mut self) -> Option<Severity> {
        let mark = self.marks.pop_front()?;
        self.bytes.drain(..mark.len);
        Some(mark.severity)
    }

    /// Moves the oldest line to the end of `batch`.
    pub(super) fn move_first(&mut self, batch: &mut Batch) {
        let Some(mark) = self.marks.pop_front() else {
            return;
        };
        let (front, back) = self.bytes.as_slices();
        let in_front = front.len().min(mark.len);
        batch.push_parts(
            mark.severity,
            &front[..in_front],
            &back[..mark.len - in_front],
        );
        self.bytes.drain(..mark.len);
    }
}
