//! Whether the process works at all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::health::Inner;

/// How long the runtime may go without running a task that is due every second, before `/live` fails: 60 s.
pub const DEFAULT_HEARTBEAT_LIMIT: Duration = Duration::from_secs(60);

/// A part of the process that says again and again that it works; if it does not, `/live` fails and the process is
/// restarted.
///
/// For loops that nothing else would miss: a queue worker, a scheduler. Dropped without [`retire`](Self::retire), as by
/// the panic of its owner, it counts as lost at once. While the service drains, nothing counts as lost.
///
/// ```
/// use omtx_health::{Endpoint, Health};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let health = Health::builder("shop").build().unwrap();
/// let watchdog = health.watchdog("worker", Duration::from_secs(30)).unwrap();
/// let (head, _) = http::Request::get("/live").body(()).unwrap().into_parts();
///
/// watchdog.beat(); // once per turn of the loop
/// assert_eq!(health.answer(Endpoint::Live, &head).status(), 200);
///
/// drop(watchdog); // the worker panicked
/// let answer = health.answer(Endpoint::Live, &head);
/// assert_eq!(answer.status(), 503);
/// assert_eq!(answer.body(), r#"{"status":"dead","reason":"no heartbeat: worker"}"#);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a watchdog that is dropped has lost its heartbeat"]
pub struct Watchdog {
    pulse: Arc<Pulse>,
}

impl Watchdog {
    /// Says that its owner works: one atomic store, and a look at the clock.
    pub fn beat(&self) {
        self.pulse.beat();
    }

    /// Its owner has ended as it should: nobody waits for its heartbeat any more.
    pub fn retire(self) {
        self.pulse.last.store(RETIRED, Ordering::Relaxed);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Not if it was retired.
        let _ = self
            .pulse
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                (last != RETIRED).then_some(LOST)
            });
    }
}

/// In place of a time.
const LOST: u64 = u64::MAX;
const RETIRED: u64 = u64::MAX - 1;

#[derive(Debug)]
pub(crate) struct Pulse {
    name: String,
    limit: Duration,
    made: Instant,
    /// Milliseconds after `made`.
    last: AtomicU64,
}

impl Pulse {
    pub(crate) fn beat(&self) {
        let millis = self.made.elapsed().as_millis();
        self.last.store(
            u64::try_from(millis).unwrap_or(0).min(RETIRED - 1),
            Ordering::Relaxed,
        );
    }

    fn is_lost(&self, now: Instant) -> bool {
        match self.last.load(Ordering::Relaxed) {
            LOST => true,
            RETIRED => false,
            last => {
                let age = now.saturating_duration_since(self.made);
                age.saturating_sub(Duration::from_millis(last)) > self.limit
            }
        }
    }

    fn is_retired(&self) -> bool {
        self.last.load(Ordering::Relaxed) == RETIRED
    }
}

/// All watchdogs.
#[derive(Debug, Default)]
pub(crate) struct Watchdogs {
    pulses: ArcSwap<Vec<Arc<Pulse>>>,
}

impl Watchdogs {
    /// A new one. The name needs no escapes in JSON.
    pub(crate) fn add(&self, name: &str, limit: Duration) -> Watchdog {
        Watchdog {
            pulse: self.pulse(name, limit),
        }
    }

    fn pulse(&self, name: &str, limit: Duration) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse {
            name: name.to_owned(),
            limit,
            made: Instant::now(),
            last: AtomicU64::new(0),
        });
        self.pulses.rcu(|pulses| {
            let kept = pulses.iter().filter(|pulse| !pulse.is_retired()).cloned();
            kept.chain([Arc::clone(&pulse)]).collect::<Vec<_>>()
        });
        pulse
    }

    /// One that has lost its heartbeat.
    pub(crate) fn lost(&self) -> Option<String> {
        let (pulses, now) = (self.pulses.load(), Instant::now());
        pulses
            .iter()
            .find(|pulse| pulse.is_lost(now))
            .map(|pulse| pulse.name.clone())
    }
}

/// Beats once a second, for as long as the runtime runs tasks; and looks whether a result has gone stale, so that the log and
/// subscribers hear of it even if nobody probes.
pub(crate) async fn beat_every_second(watchdog: Watchdog, health: Weak<Inner>) {
    while let Some(health) = health.upgrade() {
        watchdog.beat();
        drop(health.snapshot());
        drop(health);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
