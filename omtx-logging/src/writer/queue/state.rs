//! What is in the queue, and which lines go when there is no room.

use super::ring::Ring;
use crate::Severity;
use crate::writer::batch::Batch;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

/// How far the queue is on its way from start to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Lines are taken.
    Open,
    /// Lines are taken, and the thread ends when there are none left.
    Closing,
    /// The thread has ended, and nothing was left.
    Drained,
    /// The deadline passed before everything was written.
    Abandoned,
}

/// What the writing thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// Sleeps until there is a line.
    Idle,
    /// Sleeps for a moment, so that lines come together.
    Lingering,
    /// Is awake, or was told to be.
    Awake,
}

/// The most that is taken out at once. What is taken out cannot make room for a more important line any more.
const BATCH: usize = 64 * 1024;

/// The lines that wait, in two rings: what is evicted first, and what is kept.
pub(super) struct State {
    limits: Limits,
    /// INFO and below.
    low: Ring,
    /// WARNING and above.
    high: Ring,
    /// The number that the next line gets.
    pub(super) next: u64,
    /// The first number of the lines that are being written, and how many they are of each severity.
    in_flight: Option<(u64, [u64; Severity::ALL.len()])>,
    pub(super) phase: Phase,
    pub(super) writer: Writer,
    /// How many threads wait for a flush.
    pub(super) flushers: usize,
    /// A flush has waited in vain, and nothing was written since.
    pub(super) is_stuck: bool,
}

impl State {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            low: Ring::default(),
            high: Ring::default(),
            next: 0,
            in_flight: None,
            phase: Phase::Open,
            writer: Writer::Awake,
            flushers: 0,
            is_stuck: false,
        }
    }

    /// Takes a line in; `dropped` is told of each that must go for it, or of the line itself.
    #[inline]
    pub(super) fn push(&mut self, severity: Severity, line: &[u8], dropped: impl Fn(Severity)) {
        if !self.has_room(line.len()) && !self.make_room(severity, line.len(), &dropped) {
            dropped(severity);
            return;
        }
        let ring = if severity >= Severity::Warning {
            &mut self.high
        } else {
            &mut self.low
        };
        ring.push(self.next, severity, line);
        self.next += 1;
    }

    #[inline]
    fn has_room(&self, len: usize) -> bool {
        self.lines() < self.limits.lines && self.bytes() + len <= self.limits.bytes
    }

    /// The oldest lines of INFO and below make room for one of WARNING and above.
    #[cold]
    fn make_room(&mut self, severity: Severity, len: usize, dropped: impl Fn(Severity)) -> bool {
        // Nothing goes for a line that would not fit then either.
        let kept =
            self.high.bytes() + len <= self.limits.bytes && self.high.lines() < self.limits.lines;
        if severity < Severity::Warning || !kept {
            return false;
        }
        while !self.has_room(len) {
            match self.low.discard_first() {
                Some(severity) => dropped(severity),
                None => return false,
            }
        }
        true
    }

    pub(super) fn lines(&self) -> usize {
        self.low.lines() + self.high.lines()
    }

    fn bytes(&self) -> usize {
        self.low.bytes() + self.high.bytes()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines() == 0
    }

    /// Whether so much waits that the thread should not linger.
    #[inline]
    pub(super) fn is_pressing(&self) -> bool {
        self.bytes() >= BATCH.min(self.limits.bytes / 2) || self.lines() > self.limits.lines / 2
    }

    /// Whether the thread must be told of the line that was pushed.
    #[inline]
    pub(super) fn wakes(&mut self) -> bool {
        let wakes = match self.writer {
            Writer::Idle => true,
            Writer::Lingering => self.is_pressing(),
            Writer::Awake => false,
        };
        if wakes {
            self.writer = Writer::Awake;
        }
        wakes
    }

    /// Moves the oldest lines into `batch`, in the order in which they came.
    pub(super) fn take(&mut self, batch: &mut Batch) {
        batch.clear();
        let first = self.oldest_waiting();
        loop {
            let ring = match (self.low.first(), self.high.first()) {
                (None, None) => break,
                (Some(low), Some(high)) if high < low => &mut self.high,
                (None, Some(_)) => &mut self.high,
                (Some(_), _) => &mut self.low,
            };
            let len = ring.first_len().unwrap_or(0);
            if !batch.is_empty() && batch.bytes() + len > BATCH {
                break;
            }
            ring.move_first(batch);
        }
        self.in_flight = first.map(|first| (first, batch.by_severity()));
    }

    /// What was taken is written.
    pub(super) fn written(&mut self) {
        self.is_stuck = false;
        self.in_flight = None;
    }

    fn oldest_waiting(&self) -> Option<u64> {
        match (self.low.first(), self.high.first()) {
            (Some(low), Some(high)) => Some(low.min(high)),
            (low, high) => low.or(high),
        }
    }

    /// Whether all lines before the one of this number have been written, or are lost.
    pub(super) fn is_written(&self, number: u64) -> bool {
        let in_flight = self.in_flight.map(|(first, _)| first);
        // Lines leave in order, so what is being written is older than what waits.
        in_flight
            .or_else(|| self.oldest_waiting())
            .is_none_or(|oldest| oldest >= number)
    }

    /// How many lines before that of this number are not written.
    pub(super) fn lines_left(&self, number: u64) -> u64 {
        let in_flight = match self.in_flight {
            Some((first, lines)) if first < number => lines.iter().sum(),
            _ => 0,
        };
        in_flight + (self.low.lines_before(number) + self.high.lines_before(number)) as u64
    }

    /// Gives everything up; how many lines of each severity were lost.
    pub(super) fn abandon(&mut self) -> [u64; Severity::ALL.len()] {
        // What is being written may arrive yet. It counts as lost: nobody will be there to see that it did.
        let mut lost = self.in_flight.take().map_or([0; 5], |(_, lines)| lines);
        for ring in [&mut self.low, &mut self.high] {
            while let Some(severity) = ring.discard_first() {
                lost[severity as usize] += 1;
            }
        }
        self.phase = Phase::Abandoned;
        lost
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Push(Severity, usize),
        Take,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..5_usize, 0..60_usize)
                .prop_map(|(severity, len)| Step::Push(Severity::ALL[severity], len)),
            1 => Just(Step::Take),
        ]
    }

    proptest! {
        /// The policy, against a list of lines that does the same by searching.
        #[test]
        fn info_goes_first_and_warnings_go_last(steps in proptest::collection::vec(step(), 1..200)) {
            let limits = Limits { lines: 8, bytes: 200 };
            let mut state = State::new(limits);
            let mut model: Vec<(Severity, Vec<u8>)> = Vec::new();
            let mut batch = Batch::default();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(severity, len) => {
                        let line = format!("{number:>len$}\n").into_bytes();
                        let dropped = RefCell::new(Vec::new());
                        state.push(severity, &line, |severity| dropped.borrow_mut().push(severity));
                        let expected = push(&mut model, limits, severity, line);
                        prop_assert_eq!(dropped.into_inner(), expected);
                    }
                    Step::Take => {
                        state.take(&mut batch);
                        let mut taken = Vec::new();
                        while let Some((severity, line)) = batch.take_line() {
                            taken.push((severity, line.to_vec()));
                        }
                        prop_assert_eq!(&taken, &model);
                        model.clear();
                        prop_assert!(!state.is_written(state.next) || taken.is_empty());
                        state.written();
                        prop_assert!(state.is_written(state.next));
                    }
                }
                prop_assert_eq!(state.lines(), model.len());
                prop_assert!(state.lines() <= limits.lines && state.bytes() <= limits.bytes);
                prop_assert_eq!(state.lines_left(state.next), model.len() as u64);
            }
        }
    }

    fn push(
        model: &mut Vec<(Severity, Vec<u8>)>,
        limits: Limits,
        severity: Severity,
        line: Vec<u8>,
    ) -> Vec<Severity> {
        let fits = |model: &[(Severity, Vec<u8>)]| {
            let bytes: usize = model.iter().map(|(_, line)| line.len()).sum();
            model.len() < limits.lines && bytes + line.len() <= limits.bytes
        };
        let mut kept = model.clone();
        let mut dropped = Vec::new();
        while !fits(&kept) {
            let oldest = kept
                .iter()
                .position(|(severity, _)| *severity < Severity::Warning);
            match oldest {
                Some(oldest) if severity >= Severity::Warning => {
                    dropped.push(kept.remove(oldest).0)
                }
                _ => return vec![severity],
            }
        }
        kept.push((severity, line));
        *model = kept;
        dropped
    }
}
