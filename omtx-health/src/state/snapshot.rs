//! What probes are answered from.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use crate::Report;
use crate::render::Document;

/// Everything that a probe may ask for, rendered, and until when it holds.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) report: Arc<Report>,
    /// The moment at which the first of the results goes stale.
    pub(crate) holds_until: Option<Instant>,
    pub(crate) health: Document,
    pub(crate) health_json: Document,
    pub(crate) readiness: Readiness,
}

impl Snapshot {
    pub(crate) fn holds(&self, now: Instant) -> bool {
        self.holds_until.is_none_or(|until| now < until)
    }
}

/// Whether the service is ready as far as its start and its checks go, and the body that says so.
#[derive(Debug, Clone)]
pub(crate) struct Readiness {
    pub(crate) ready: bool,
    pub(crate) body: Bytes,
}
