use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::ComputeError;

/// The brakes of one computation: it looks here every few thousand steps.
#[derive(Debug, Default)]
pub struct Control {
    cancelled: AtomicBool,
    deadline: OnceLock<Instant>,
}

impl Control {
    /// Asks the computation to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Lets it run for `limit` from now on. The first call counts.
    pub fn start(&self, limit: Duration) {
        let _ = self.deadline.set(Instant::now() + limit);
    }

    /// Whether to go on.
    ///
    /// # Errors
    ///
    /// [`ComputeError::Cancelled`] or [`ComputeError::TimedOut`].
    pub fn check(&self) -> Result<(), ComputeError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(ComputeError::Cancelled);
        }
        match self.deadline.get() {
            Some(deadline) if Instant::now() >= *deadline => Err(ComputeError::TimedOut),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancellation_goes_before_the_deadline() {
        let control = Control::default();
        assert_eq!(control.check(), Ok(()));
        control.start(Duration::ZERO);
        assert_eq!(control.check(), Err(ComputeError::TimedOut));
        control.cancel();
        assert_eq!(control.check(), Err(ComputeError::Cancelled));
    }
}
