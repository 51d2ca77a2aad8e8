//! The last lines.

use std::time::Duration;

use crate::record::Record;
use crate::{Flushed, Logging};

impl Logging {
    /// Writes what a [`RateLimit`](crate::RateLimit) has suppressed and no line has told of yet, one line for each
    /// callsite, then waits until all lines are at their destination, or the time is over.
    ///
    /// ```json
    /// {"timestamp":"…","level":"WARNING","logger":"hub::cache","message":"lines of this callsite were suppressed","service":{"name":"omtx-hub-api"},"suppressed":4211}
    /// ```
    ///
    /// Lines may be logged after it as before it. Without rate limits it is a [`flush`](Self::flush).
    pub fn shutdown(&self, timeout: Duration) -> Flushed {
        for (callsite, suppressed) in self.core.limit.pending() {
            self.core.write_suppressed(
                &Record {
                    severity: callsite.severity,
                    logger: &callsite.logger,
                    message: format_args!("lines of this callsite were suppressed"),
                    module: callsite.module.as_deref(),
                    file: callsite.file.as_deref(),
                    line: callsite.line,
                    fields: &[],
                },
                suppressed,
            );
        }
        self.flush(timeout)
    }

    /// A guard for `main`, whose drop [shuts the logging down](Self::shutdown) within this time.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use omtx_logging::Logging;
    /// use omtx_logging::testing::Lines;
    ///
    /// # fn main() -> Result<(), omtx_logging::Error> {
    /// let lines = Lines::default();
    /// let logging = Logging::builder("hub").sink(lines.clone()).build()?;
    /// let _flush = logging.shutdown_guard(Duration::from_secs(5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown_guard(&self, within: Duration) -> ShutdownGuard {
        ShutdownGuard {
            logging: self.clone(),
            within,
        }
    }
}

/// Shuts a [`Logging`] down when it is dropped.
#[derive(Debug)]
#[must_use = "dropped at once, it shuts the logging down at once"]
pub struct ShutdownGuard {
    logging: Logging,
    within: Duration,
}

impl Drop for ShutdownGuard {
    fn drop(&mut self) {
        let _ = self.logging.shutdown(self.within);
    }
}
