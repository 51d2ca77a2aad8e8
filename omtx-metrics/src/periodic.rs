//! A thread that does something every so often, and a last time when it is told to stop.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::lock::lock;

/// Runs until [`finish`](Self::finish). Whoever holds it calls that when dropped.
#[derive(Debug)]
pub(crate) struct Periodic<E> {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<Result<(), E>>>,
}

impl<E: Send + 'static> Periodic<E> {
    /// Calls `act` after each `interval`, which begins when the `act` before has ended; when told to stop, `last`.
    pub(crate) fn start(
        thread: &str,
        interval: Duration,
        mut act: impl FnMut(&Stop) + Send + 'static,
        last: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> io::Result<Self> {
        let stop = Arc::<Stop>::default();
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name(thread.into())
            .spawn(move || {
                while stopped.wait(interval) {
                    act(&stopped);
                }
                last()
            })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }

    /// Stops, waits for what is under way and for the last time, and returns what came of that; `gone` if the thread was
    /// gone. From the second call on, there is nothing to do.
    pub(crate) fn finish(&mut self, gone: impl FnOnce() -> E) -> Result<(), E> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        self.stop.set();
        thread.join().unwrap_or_else(|payload| {
            std::mem::forget(payload);
            Err(gone())
        })
    }
}

/// Set once, awaited meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn set(&self) {
        *lock(&self.set) = true;
        self.changed.notify_all();
    }

    /// Waits for `time`; false if it was cut short.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let (set, _) = self
            .changed
            .wait_timeout_while(lock(&self.set), time, |set| !*set)
            .unwrap_or_else(PoisonError::into_inner);
        !*set
    }
}
