//! What a client asks for.

use super::coding::{self, Accepted};
use super::filter::Filter;
use super::negotiate::{self, Negotiated};

/// What a client asks for: two header fields, and the query of the URL. All optional; by default text 0.0.4, uncompressed
/// and complete.
///
/// Nothing that a client sends is an error: what is malformed or unknown is as if it were not there, and of what is
/// hostile only the beginning is read (8 KiB of a header field, 256 names).
///
/// ```
/// use omtx_metrics::{Exporter, Registry, ScrapeRequest};
///
/// let exporter = Exporter::new(&Registry::new());
/// let request = ScrapeRequest::new()
///     .accept("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
///     .accept_encoding("identity")
///     .query("name[]=omtx_collector_errors_total");
/// let scrape = exporter.scrape_for(&request);
/// assert_eq!(scrape.content_type(), "application/openmetrics-text; version=1.0.0; charset=utf-8");
/// assert_eq!(scrape.into_body(), "# EOF\n"); // no collector, no row
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ScrapeRequest<'a> {
    accept: &'a str,
    accept_encoding: &'a str,
    query: &'a str,
}

impl<'a> ScrapeRequest<'a> {
    /// A request without headers and query.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the `Accept` header; several are joined with a comma.
    #[must_use]
    pub fn accept(mut self, accept: &'a str) -> Self {
        self.accept = accept;
        self
    }

    /// The value of the `Accept-Encoding` header; several are joined with a comma.
    #[must_use]
    pub fn accept_encoding(mut self, accept_encoding: &'a str) -> Self {
        self.accept_encoding = accept_encoding;
        self
    }

    /// What stands behind the `?` of the URL: `name[]=http_requests_total&name[]=up`.
    ///
    /// Of each `name[]`, the family of that name is shown, or that has a sample of that name, with all its samples. A name
    /// that is unknown selects nothing. Without a `name[]`, everything is shown; other parameters mean nothing.
    #[must_use]
    pub fn query(mut self, query: &'a str) -> Self {
        self.query = query;
        self
    }

    pub(super) fn wanted(&self, native: bool) -> Wanted {
        Wanted {
            format: negotiate::negotiate(self.accept, native),
            coding: coding::negotiate(self.accept_encoding),
            filter: Filter::from_query(self.query),
        }
    }
}

/// A request, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) format: Negotiated,
    pub(super) coding: Accepted,
    pub(super) filter: Filter,
}
