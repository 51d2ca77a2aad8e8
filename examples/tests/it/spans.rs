//! What a hub says became of its spans.

use crate::process::HubProcess;

/// Why spans are lost.
const REASONS: [&str; 6] = [
    "queue_full",
    "bytes",
    "export_failed",
    "rejected",
    "unknown",
    "shutdown",
];

/// The numbers of one scrape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spans {
    pub(crate) created: f64,
    pub(crate) exported: f64,
    /// By reason, in the order of [`REASONS`].
    dropped: [f64; REASONS.len()],
    pub(crate) waiting: f64,
    pub(crate) bytes: f64,
}

impl Spans {
    pub(crate) async fn of(hub: &HubProcess) -> Self {
        let scraped = hub.scrape().await;
        let read = |name: &str| scraped.read(&format!("omtx_trace_{name}"), &[]).unwrap();
        let dropped = |reason| {
            let labels = [("reason", reason)];
            scraped
                .read("omtx_trace_spans_dropped_total", &labels)
                .unwrap()
        };
        Self {
            created: read("spans_created_total"),
            exported: read("spans_exported_total"),
            dropped: REASONS.map(dropped),
            waiting: read("queue_spans"),
            bytes: read("queue_bytes"),
        }
    }

    pub(crate) fn dropped(&self) -> f64 {
        self.dropped.iter().sum()
    }

    #[track_caller]
    pub(crate) fn dropped_for(&self, reason: &str) -> f64 {
        let at = REASONS.iter().position(|known| *known == reason);
        self.dropped[at.unwrap()]
    }

    /// Those that have ended: the others are spans of requests that are under way.
    pub(crate) fn ended(&self) -> f64 {
        self.exported + self.dropped() + self.waiting
    }

    /// No request is under way: every span is somewhere, and nothing is over its bound.
    #[track_caller]
    pub(crate) fn add_up(&self) {
        assert_eq!(self.created, self.ended(), "{self:?}");
        self.within_bounds();
    }

    /// The bound that nobody can set from outside.
    #[track_caller]
    pub(crate) fn within_bounds(&self) {
        assert!(self.created >= self.ended(), "{self:?}");
        let bound = omtx_tracing::DEFAULT_MAX_QUEUE_BYTES as f64;
        assert!(self.bytes <= bound, "{self:?}");
    }
}
