//! Does the loop in this process still go round?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::amount::Time;
use crate::{Check, CheckResult, Failure, Verdict};

/// What a loop touches each time it goes round, so that a check can see that it still does.
///
/// It shows in `/health` and, if its [`Spec`](crate::Spec) says so, in `/ready`. A loop without which the process had better
/// be restarted has a [`Watchdog`](crate::Watchdog) instead, which shows in `/live`.
///
/// [`beat`](Self::beat) reads the clock and stores one atomic: nothing waits, whatever thread it is called on. Clones are the
/// same heartbeat.
///
/// ```
/// use omtx_health::{Check, checks::Heartbeat};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// let heartbeat = Heartbeat::new();
/// let check = heartbeat.within(Duration::from_secs(30)); // for a `Spec`
///
/// tokio::time::advance(Duration::from_secs(31)).await;
/// let failure = check.run().await.unwrap_err();
/// assert_eq!(failure.error(), "no heartbeat for 31 s, more than 30 s");
///
/// heartbeat.beat(); // the worker's loop, at last
/// assert!(check.run().await.is_ok());
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Heartbeat(Arc<Beats>);

#[derive(Debug)]
struct Beats {
    started: Instant,
    /// Milliseconds from `started` to the last beat.
    last: AtomicU64,
}

impl Heartbeat {
    /// A heartbeat that beats for the first time now.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Beats {
            started: Instant::now(),
            last: AtomicU64::new(0),
        }))
    }

    /// Says that the loop is alive.
    pub fn beat(&self) {
        // Relaxed: nothing else is published by it. The largest wins when two threads beat at once.
        self.0.last.fetch_max(self.0.now(), Relaxed);
    }

    /// How long ago the last beat was, to the millisecond.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_millis(self.0.now().saturating_sub(self.0.last.load(Relaxed)))
    }

    /// A check that fails when the last beat is longer ago than `failing_above`.
    ///
    /// Give it a few rounds of the loop: what the check shall find is a loop that hangs, and not one that is late.
    #[must_use]
    pub fn within(&self, failing_above: Duration) -> HeartbeatAge {
        HeartbeatAge {
            heartbeat: self.clone(),
            failing_above,
        }
    }
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self::new()
    }
}

impl Beats {
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Passes while a [`Heartbeat`] beats; made by [`Heartbeat::within`].
///
/// | says | what to do |
/// |---|---|
/// | `no heartbeat for 31 s, more than 30 s` | the loop hangs or has ended: a thread dump (`gdb -p … -ex 'thread apply all bt'`), or tokio-console |
#[derive(Clone, Debug)]
pub struct HeartbeatAge {
    heartbeat: Heartbeat,
    failing_above: Duration,
}

impl Check for HeartbeatAge {
    async fn run(&self) -> CheckResult {
        let age = self.heartbeat.age();
        let seconds = age.as_secs();
        if age > self.failing_above {
            let (age, limit) = (Time(age), Time(self.failing_above));
            return Err(
                Failure::new(format!("no heartbeat for {age}, more than {limit}"))
                    .detail("age_seconds", seconds),
            );
        }
        Ok(Verdict::up().detail("age_seconds", seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_older_beat_never_wins_over_a_newer_one() {
        let heartbeat = Heartbeat::new();
        tokio::time::advance(Duration::from_secs(10)).await;
        heartbeat.clone().beat();
        heartbeat.0.last.fetch_max(3_000, Relaxed);
        assert_eq!(heartbeat.age(), Duration::ZERO);
    }
}
