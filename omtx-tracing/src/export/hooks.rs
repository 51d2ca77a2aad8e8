//! What runs before something is flushed: rounds of readers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What runs when something is about to be flushed: a round of a reader.
pub(crate) type BeforeFlush = Arc<dyn Fn(Occasion) + Send + Sync>;

/// What something is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// There will be others.
    Flush,
    /// The last one: what is read later would be lost.
    Shutdown,
}

/// Rounds that may be under way at once. Whoever flushes beside that many that hang does not wait for one more.
const MAX_RUNS: usize = 8;

/// The hooks of one exporter.
#[derive(Default)]
pub(super) struct Hooks {
    all: Mutex<Vec<BeforeFlush>>,
    runs: Arc<AtomicUsize>,
}

impl Hooks {
    pub(super) fn add(&self, hook: BeforeFlush) {
        self.all().push(hook);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    /// Runs them one after the other, on a thread of their own, so that one that hangs does not keep anybody longer than this.
    /// False if they are not all done by then, or were not begun.
    pub(super) fn run(&self, occasion: Occasion, within: Duration) -> bool {
        let hooks = self.all().clone();
        if hooks.is_empty() {
            return true;
        }
        let Some(run) = self.begin() else {
            return false;
        };
        let begun = Instant::now();
        let (done, wait) = sync_channel::<()>(0);
        let work = move || {
            for hook in hooks {
                // The next one is somebody else's.
                let _ = catch_unwind(AssertUnwindSafe(|| hook(occasion)));
            }
            drop((run, done));
        };
        let thread = thread::Builder::new().name("omtx-otlp-flush".to_owned());
        if thread.spawn(work).is_err() {
            return false;
        }
        let left = within.saturating_sub(begun.elapsed());
        wait.recv_timeout(left) == Err(RecvTimeoutError::Disconnected)
    }

    /// Counts a run, unless there are too many.
    fn begin(&self) -> Option<Run> {
        let one_more = |runs: usize| (runs < MAX_RUNS).then_some(runs + 1);
        self.runs
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()?;
        Some(Run(Arc::clone(&self.runs)))
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<BeforeFlush>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that is under way.
struct Run(Arc<AtomicUsize>);

impl Drop for Run {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
