//! What came in and could not be used.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many headers, or members of one, were discarded on their way in or out: the counts behind
/// `omtx_trace_headers_rejected_total{header}`.
///
/// A malformed header never fails a request. What it costs is its own content:
///
/// | header | discarded | consequence |
/// |---|---|---|
/// | `traceparent`, `b3` | the whole header, when malformed or repeated | the trace begins anew here |
/// | `tracestate` | the whole list, when a member is malformed or it has more than 32; of members with one key all but the first, counted once a list | the trace goes on without it |
/// | `baggage` | the members that are malformed or beyond 64, each counted, and what is beyond 8192 bytes, counted once a header | the others are kept |
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use omtx_tracing::Propagators;
///
/// let propagators = Propagators::default();
/// let mut headers = HeaderMap::new();
/// headers.insert("traceparent", HeaderValue::from_static("00-0-0-01"));
/// assert!(propagators.extract_headers(&headers).span_context().is_none());
/// assert_eq!(propagators.rejected().traceparent, 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RejectedHeaders {
    /// `traceparent` headers.
    pub traceparent: u64,
    /// `tracestate` lists, discarded or shortened.
    pub tracestate: u64,
    /// Members of `baggage`.
    pub baggage: u64,
    /// `b3` headers, and sets of `x-b3-*` headers.
    pub b3: u64,
}

/// The same, counting.
#[derive(Debug, Default)]
pub(super) struct Rejected {
    traceparent: AtomicU64,
    tracestate: AtomicU64,
    baggage: AtomicU64,
    b3: AtomicU64,
}

impl Rejected {
    #[cold]
    pub(super) fn traceparent(&self) {
        self.traceparent.fetch_add(1, Relaxed);
    }

    #[cold]
    pub(super) fn tracestate(&self) {
        self.tracestate.fetch_add(1, Relaxed);
    }

    #[cold]
    pub(super) fn baggage(&self, members: u64) {
        self.baggage.fetch_add(members, Relaxed);
    }

    #[cold]
    pub(super) fn b3(&self) {
        self.b3.fetch_add(1, Relaxed);
    }

    pub(super) fn total(&self) -> RejectedHeaders {
        RejectedHeaders {
            traceparent: self.traceparent.load(Relaxed),
            tracestate: self.tracestate.load(Relaxed),
            baggage: self.baggage.load(Relaxed),
            b3: self.b3.load(Relaxed),
        }
    }
}
