//! Telling somebody what was lost.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::queue::Queue;
use super::{DropReason, Dropped};
use crate::Signal;

/// The hook is called this often at most.
const INTERVAL: Duration = Duration::from_secs(10);

/// Records of one signal that were lost for one reason since the hook was last called.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loss {
    /// What they were.
    pub signal: Signal,
    /// Why they were lost.
    pub reason: DropReason,
    /// How many.
    pub records: u64,
    /// What last went wrong with an export of this signal, if anything did; perhaps not why these were lost.
    pub last_error: Option<String>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (records, reason) = (self.records, self.reason);
        write!(f, "lost {records} {} ({reason})", self.signal.records())?;
        match &self.last_error {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

/// What a shutdown lost: the records that were not yet exported, and what became of them instead.
///
/// It may be left unread, unlike [`Flushed`](crate::Flushed): what is lost by then is lost, and is counted in
/// [`stats`](crate::Telemetry::stats) and told to [`on_loss`](crate::TelemetryBuilder::on_loss) all the same.
///
/// ```
/// use omtx_tracing::{Lost, Signal};
///
/// let lost = Lost::default();
/// assert!(lost.is_empty());
/// assert_eq!(lost.of(Signal::Traces).total(), 0);
/// assert_eq!(lost.to_string(), "nothing was lost");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost([Dropped; 3]);

impl Lost {
    /// What was lost of one signal, by reason.
    #[must_use]
    pub const fn of(&self, signal: Signal) -> &Dropped {
        &self.0[signal as usize]
    }

    /// True if nothing was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|dropped| dropped.total() == 0)
    }

    pub(super) fn set(&mut self, signal: Signal, dropped: Dropped) {
        self.0[signal as usize] = dropped;
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "lost ";
        for signal in Signal::ALL {
            for (reason, records) in self.of(signal).iter() {
                write!(f, "{separator}{records} {} ({reason})", signal.records())?;
                separator = ", ";
            }
        }
        if self.is_empty() {
            f.write_str("nothing was lost")?;
        }
        Ok(())
    }
}

/// What is called when something was lost.
pub(crate) type OnLoss = Box<dyn FnMut(&Loss) + Send>;

/// Calls the hook, for all signals.
pub(super) struct Reporter {
    pub(super) queues: Vec<Arc<Queue>>,
    pub(super) lost: Arc<Notify>,
    pub(super) hook: OnLoss,
}

impl Reporter {
    /// Until `done`, and once more.
    pub(super) async fn run(mut self, done: impl Future<Output = ()>) {
        let mut done = pin!(done);
        let mut reported = vec![Dropped::default(); self.queues.len()];
        loop {
            tokio::select! {
                () = &mut done => break,
                () = self.lost.notified() => self.report(&mut reported),
            }
            tokio::select! {
                () = &mut done => break,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
        self.report(&mut reported);
    }

    fn report(&mut self, reported: &mut [Dropped]) {
        for (queue, reported) in self.queues.iter().zip(reported) {
            let stats = queue.stats();
            for (reason, records) in stats.dropped.since(reported).iter() {
                let loss = Loss {
                    signal: queue.signal(),
                    reason,
                    records,
                    last_error: stats
                        .last_error
                        .as_ref()
                        .map(|error| error.text().to_owned()),
                };
                // Somebody else's code, on the thread that all signals share.
                let _ = catch_unwind(AssertUnwindSafe(|| (self.hook)(&loss)));
            }
            *reported = stats.dropped;
        }
    }
}
