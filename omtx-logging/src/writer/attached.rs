//! The counts that a sink was given.

use std::io;
use std::sync::{Arc, OnceLock};

use crate::{Counters, DropReason, Severity};

/// What [`Sink::attach`](crate::Sink::attach) brought; a sink that nobody attached counts nothing.
#[derive(Debug, Default)]
pub(super) struct Attached(OnceLock<Arc<Counters>>);

impl Attached {
    pub(super) fn attach(&self, counters: &Arc<Counters>) {
        // A sink that serves two loggings counts in the first.
        let _ = self.0.set(counters.clone());
    }

    /// Lets another sink count in the same.
    #[cfg(feature = "file")]
    pub(super) fn share(&self, sink: &impl crate::Sink) {
        if let Some(counters) = self.0.get() {
            sink.attach(counters);
        }
    }

    #[cold]
    pub(super) fn dropped(&self, severity: Severity, reason: DropReason) {
        self.lost(severity, reason, 1);
    }

    #[cold]
    pub(super) fn lost(&self, severity: Severity, reason: DropReason, lines: u64) {
        if let Some(counters) = self.0.get() {
            counters.dropped(severity, reason, lines);
        }
    }
}

/// Why the operating system did not take a line.
#[cold]
pub(super) fn reason(error: &io::Error) -> DropReason {
    match error.kind() {
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::NotConnected
        | io::ErrorKind::NotFound => DropReason::Closed,
        io::ErrorKind::WouldBlock => DropReason::WouldBlock,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            DropReason::DiskFull
        }
        _ => DropReason::WriteError,
    }
}
