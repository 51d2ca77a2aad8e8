//! What a flush came to.

use std::fmt;

use crate::Signal;

/// What a [flush](crate::Telemetry::flush) came to.
///
/// What is settled was exported, or was lost, which [`stats`](crate::Telemetry::stats) tell apart.
///
/// ```
/// use omtx_tracing::{Flushed, Signal};
///
/// let flushed = Flushed::default();
/// assert!(flushed.is_complete());
/// assert_eq!(flushed.left(Signal::Traces), 0);
/// assert_eq!(flushed.to_string(), "everything was settled");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "records may be left"]
pub struct Flushed {
    left: [u64; 3],
    is_incomplete: bool,
}

impl Flushed {
    /// One that could not be waited for.
    pub(super) fn incomplete() -> Self {
        Self {
            is_incomplete: true,
            ..Self::default()
        }
    }

    /// Whether all that was recorded before the flush is settled, and every registry was read.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        !self.is_incomplete
    }

    /// Records of a signal that were waiting or being sent when the time was over, those included that came after the flush had
    /// begun. 0 if the signal's part is complete.
    #[must_use]
    pub const fn left(self, signal: Signal) -> u64 {
        self.left[signal as usize]
    }

    pub(super) fn set_left(&mut self, signal: Signal, records: u64) {
        self.left[signal as usize] = records;
        self.is_incomplete = true;
    }
}

impl fmt::Display for Flushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return f.write_str("everything was settled");
        }
        let mut separator = "not settled: ";
        for signal in Signal::ALL {
            let left = self.left(signal);
            if left > 0 {
                write!(f, "{separator}{left} {}", signal.records())?;
                separator = ", ";
            }
        }
        if self.left == [0; 3] {
            f.write_str("not everything was settled")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_said_signal_by_signal() {
        assert_eq!(
            Flushed::incomplete().to_string(),
            "not everything was settled"
        );
        let mut flushed = Flushed::default();
        flushed.set_left(Signal::Logs, 3);
        flushed.set_left(Signal::Traces, 12);
        assert!(!flushed.is_complete());
        assert_eq!(flushed.to_string(), "not settled: 12 spans, 3 log records");
    }
}
