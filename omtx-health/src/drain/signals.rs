//! Signals that start a drain, and hurry it.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Drain;
use crate::Error;

impl Drain {
    /// Has SIGTERM and SIGINT start the drain; see [the table](Self#signals). Elsewhere than on Unix: ctrl-c.
    ///
    /// Installs signal handlers for the process, for as long as it runs: from here on, these signals do nothing else. Called
    /// again on the same drain, it does nothing.
    ///
    /// # Errors
    ///
    /// If the operating system grants no handler.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O driver enabled.
    pub fn start_on_signals(&self) -> Result<(), Error> {
        if self.shared.listening.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        listen(self.clone()).map_err(|error| {
            Error::system(
                "no handler for SIGTERM and SIGINT; expected the operating system to grant one",
            )
            .because(error)
        })
    }

    fn terminate(&self) {
        if self.is_draining() {
            self.hurry();
        } else {
            self.start();
        }
    }

    fn interrupt(&self) {
        if self.is_draining() {
            self.hurry();
        } else {
            self.begin(Duration::ZERO);
        }
    }

    fn hurry(&self) {
        if !self.cut_delay() {
            self.cut_off();
        }
    }
}

#[cfg(unix)]
fn listen(drain: Drain) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = terminate.recv() => drain.terminate(),
                Some(()) = interrupt.recv() => drain.interrupt(),
                else => break,
            }
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn listen(drain: Drain) -> io::Result<()> {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            drain.interrupt();
        }
    });
    Ok(())
}
