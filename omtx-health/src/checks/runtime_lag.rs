//! Do tasks get their turn in time?

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::amount::Time;
use crate::{Check, CheckResult, Failure, Verdict};

/// From one look to the next.
const STEP: Duration = Duration::from_millis(10);

/// Passes while the runtime runs tasks when they are due.
///
/// For a second, the check asks every 10 ms to be woken, and notes how much later it is: by the time that another task keeps
/// its worker without an `.await`, or that others stand in the queue before it. The latest counts. Timers are rounded up to
/// the millisecond, so 1 to 2 ms are normal.
///
/// When all workers are blocked for good, no check runs any more, this one included; that is what staleness is for.
///
/// | says | what to do |
/// |---|---|
/// | `tasks start 412 ms late, more than 100 ms` | a task blocks: synchronous I/O, a lock, or long computation; move it to `spawn_blocking`. Or the CPU limit throttles: `container_cpu_cfs_throttled_periods_total` |
///
/// ```
/// use omtx_health::{Check, checks::RuntimeLag};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// assert!(!RuntimeLag::new().run().await.unwrap().is_degraded());
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RuntimeLag {
    degraded_above: Duration,
    failing_above: Duration,
    window: Duration,
}

impl RuntimeLag {
    /// Above what lag the check reports `degraded`, unless it says otherwise: 100 ms.
    pub const DEFAULT_DEGRADED_ABOVE: Duration = Duration::from_millis(100);

    /// Above what lag the check fails, unless it says otherwise: 1 s.
    pub const DEFAULT_FAILING_ABOVE: Duration = Duration::from_secs(1);

    /// For how long the check looks in each run, unless it says otherwise: 1 s.
    pub const DEFAULT_WINDOW: Duration = Duration::from_secs(1);

    /// A check of the runtime that it runs on.
    #[must_use]
    pub fn new() -> Self {
        Self {
            degraded_above: Self::DEFAULT_DEGRADED_ABOVE,
            failing_above: Self::DEFAULT_FAILING_ABOVE,
            window: Self::DEFAULT_WINDOW,
        }
    }

    /// Above what lag the check reports `degraded`. Default: [`DEFAULT_DEGRADED_ABOVE`](Self::DEFAULT_DEGRADED_ABOVE).
    #[must_use]
    pub fn degraded_above(mut self, lag: Duration) -> Self {
        self.degraded_above = lag;
        self
    }

    /// Above what lag the check fails. Default: [`DEFAULT_FAILING_ABOVE`](Self::DEFAULT_FAILING_ABOVE).
    #[must_use]
    pub fn failing_above(mut self, lag: Duration) -> Self {
        self.failing_above = lag;
        self
    }

    /// For how long the check looks in each run. Default: [`DEFAULT_WINDOW`](Self::DEFAULT_WINDOW).
    ///
    /// Keep it well below the check's timeout, or lag looks like a check that takes too long.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = super::within(window);
        self
    }
}

impl Default for RuntimeLag {
    fn default() -> Self {
        Self::new()
    }
}

impl Check for RuntimeLag {
    async fn run(&self) -> CheckResult {
        let end = Instant::now() + self.window;
        let mut worst = Duration::ZERO;
        loop {
            let due = Instant::now() + STEP;
            sleep_until(due).await;
            worst = worst.max(due.elapsed());
            // Seen enough; and the sooner it is told, the less can it look like a timeout.
            if worst > self.failing_above || Instant::now() >= end {
                break;
            }
        }
        let ms = u64::try_from(worst.as_millis()).unwrap_or(u64::MAX);
        let text = |limit| format!("tasks start {ms} ms late, more than {}", Time(limit));
        if worst > self.failing_above {
            return Err(Failure::new(text(self.failing_above)).detail("lag_ms", ms));
        }
        let verdict = match worst > self.degraded_above {
            true => Verdict::degraded(text(self.degraded_above)),
            false => Verdict::up(),
        };
        Ok(verdict.detail("lag_ms", ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_blocks_its_thread_is_seen() {
        let block = Duration::from_millis(300);
        let blocking = tokio::spawn(async move {
            loop {
                std::thread::sleep(block);
                tokio::task::yield_now().await;
            }
        });
        let lag = RuntimeLag::new().failing_above(block / 2);
        let failure = lag.run().await.unwrap_err();
        blocking.abort();
        assert!(failure.error().starts_with("tasks start "), "{failure}");
        assert!(
            failure.error().ends_with(" ms late, more than 150 ms"),
            "{failure}"
        );
    }
}
