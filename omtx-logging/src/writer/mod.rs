//! Where lines go by default.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use crate::{Counters, DropReason, Severity, Sink};

/// Standard output, one write a line.
#[derive(Debug, Default)]
pub(crate) struct Stdout {
    counters: OnceLock<Arc<Counters>>,
}

impl Sink for Stdout {
    fn write(&self, severity: Severity, line: &[u8]) {
        if std::io::stdout().lock().write_all(line).is_err() {
            if let Some(counters) = self.counters.get() {
                counters.dropped(severity, DropReason::WriteError, 1);
            }
        }
    }

    fn attach(&self, counters: &Arc<Counters>) {
        let _ = self.counters.set(counters.clone());
    }
}

/// What a builder that was given no sink writes to.
pub(crate) fn default_sink() -> Arc<dyn Sink> {
    Arc::new(Stdout::default())
}
