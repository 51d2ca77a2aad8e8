//! How often one callsite may log: the hook that the layer asks before it encodes.

mod callsite;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing_core::Metadata;

use crate::Severity;
pub(crate) use callsite::{Admission, CallsiteLimit};
use callsite::{Bucket, Callsite};

/// How many lines each callsite may write.
///
/// A callsite (one `info!` in the source) may write so many lines at once, and gets as many back, evenly, over the
/// interval; in no interval does it write more than twice the number. What it logs beyond that costs some nanoseconds, is
/// not encoded, and is counted as `rate_limited`. Its next line says how many were left out before it:
///
/// ```json
/// {"timestamp":"…","level":"WARNING","message":"cannot reach the cache","suppressed":4211}
/// ```
///
/// and where there is no next line, the shutdown writes one for it. ERROR and CRITICAL lines are not limited, unless
/// [`errors`](Self::errors) says so.
///
/// ```
/// use std::time::Duration;
///
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Logging, RateLimit};
///
/// let limit = RateLimit::new(100, Duration::from_secs(10)).errors(1000);
/// let logging = Logging::builder("omtx-hub-api").rate_limit(limit).sink(Lines::default());
/// # drop(logging);
/// ```
#[derive(Clone, Default)]
pub struct RateLimit {
    /// Of WARNING and below.
    lines: Option<Bucket>,
    /// Of ERROR and CRITICAL.
    errors: Option<Bucket>,
    interval: Duration,
    /// All callsites that are limited, for the report at the end.
    callsites: Arc<Mutex<Vec<Arc<Callsite>>>>,
}

impl RateLimit {
    /// Lets each callsite write `lines` lines of WARNING and below in an `interval`.
    ///
    /// With 0 lines it writes none. An interval of 0 limits nothing.
    #[must_use]
    pub fn new(lines: u32, interval: Duration) -> Self {
        Self {
            lines: Bucket::new(lines, interval),
            errors: None,
            interval,
            callsites: Arc::default(),
        }
    }

    /// Limits ERROR and CRITICAL as well, to `lines` lines of a callsite in the same interval.
    #[must_use]
    pub fn errors(mut self, lines: u32) -> Self {
        self.errors = Bucket::new(lines, self.interval);
        self
    }

    fn bucket(&self, severity: Severity) -> Option<Bucket> {
        if severity >= Severity::Error {
            self.errors
        } else {
            self.lines
        }
    }

    /// The state of a callsite. Called once per callsite.
    pub(crate) fn callsite(&self, severity: Severity, metadata: &Metadata<'_>) -> CallsiteLimit {
        let Some(bucket) = self.bucket(severity) else {
            return CallsiteLimit::default();
        };
        let callsite = Arc::new(Callsite::new(bucket, severity, metadata));
        self.callsites
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(callsite.clone());
        CallsiteLimit::of(callsite)
    }

    /// What has been suppressed since the last line of each callsite, which is told once.
    pub(crate) fn pending(&self) -> Vec<(Arc<Callsite>, u64)> {
        self.callsites
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|callsite| (callsite.clone(), callsite.take_suppressed()))
            .filter(|(_, suppressed)| *suppressed > 0)
            .collect()
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("lines", &self.lines)
            .field("errors", &self.errors)
            .finish_non_exhaustive()
    }
}
