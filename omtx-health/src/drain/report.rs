//! How a drain went.

use std::time::Duration;

/// How a drain went: what was cut off, and what was flushed.
#[derive(Clone, Debug)]
#[must_use = "it says what was cut off and what was not flushed"]
pub struct DrainReport<T = ()> {
    output: Option<T>,
    cut_off: usize,
    took: Duration,
    flushed: Vec<Flush>,
}

/// How a flush hook ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flush {
    pub(super) name: String,
    pub(super) outcome: FlushOutcome,
    pub(super) took: Duration,
}

/// See [`Flush`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FlushOutcome {
    /// It ended in time.
    Done,
    /// It was cut off at the deadline, or had no time at all.
    TimedOut,
    /// It panicked.
    Panicked,
}

impl<T> DrainReport<T> {
    pub(super) fn new(
        output: Option<T>,
        cut_off: usize,
        took: Duration,
        flushed: Vec<Flush>,
    ) -> Self {
        Self {
            output,
            cut_off,
            took,
            flushed,
        }
    }

    /// True if everything in flight has finished, and every hook.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.output.is_some()
            && self
                .flushed
                .iter()
                .all(|flush| flush.outcome == FlushOutcome::Done)
    }

    /// What the server came to, or `None` if it was still serving at the deadline.
    #[must_use]
    pub fn output(&self) -> Option<&T> {
        self.output.as_ref()
    }

    /// See [`output`](Self::output).
    #[must_use]
    pub fn into_output(self) -> Option<T> {
        self.output
    }

    /// How many requests were in flight at the deadline, as far as they are counted: see
    /// [`Drain::in_flight`](crate::Drain::in_flight).
    #[must_use]
    pub fn cut_off(&self) -> usize {
        self.cut_off
    }

    /// How long it took since the drain started.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// The flush hooks, in the order in which they ran.
    #[must_use]
    pub fn flushed(&self) -> &[Flush] {
        &self.flushed
    }
}

impl Flush {
    /// The hook's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(&self) -> FlushOutcome {
        self.outcome
    }

    /// How long it took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }
}
